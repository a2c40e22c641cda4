#include "controller/caller_view.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr char kHiddenName[] = "(not shown)";

bool IsNameChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
         c == '_' || c == '.';
}

}  // namespace

CallerView::CallerView(const AccessScope& scope, const AppRegistry& apps,
                       const HostRegistry& hosts)
    : scope_(scope), apps_(&apps), hosts_(&hosts) {
  absl::StatusOr<HostSelector> limit = ParseHostSelector(scope.hosts);
  blind_ = !limit.ok();
  if (limit.ok()) hosts_limit_ = *std::move(limit);
}

bool CallerView::SeesHost(const std::string& name) const {
  if (scope_.hosts.empty() || hosts_ == nullptr) return true;
  const KnownHost* known = hosts_->Find(name);
  return !blind_ && known != nullptr &&
         hosts_limit_.Matches(name, known->record.labels);
}

bool CallerView::SeesApp(const std::string& name) const {
  if (!scope_.AllowsApp(name)) return false;
  if (scope_.hosts.empty() || apps_ == nullptr) return true;
  const absl::StatusOr<const AppEntry*> app = apps_->RequireSeen(name);
  return app.ok() &&
         std::any_of((*app)->targets.begin(), (*app)->targets.end(),
                     [this](const auto& e) { return SeesHost(e.first); });
}

bool CallerView::HasWhole(const std::string& app) const {
  if (unlimited() || apps_ == nullptr) return true;
  const AppEntry* known = apps_->FindByName(app);
  return known != nullptr && scope_.AllowsApp(app) &&
         std::all_of(
             known->targets.begin(), known->targets.end(),
             [this](const auto& entry) { return SeesHost(entry.first); });
}

absl::Status CallerView::CheckApp(const std::string& name) const {
  if (SeesApp(name)) return absl::OkStatus();
  return ErrorWithReason(
      absl::StatusCode::kNotFound,
      absl::StrCat("no app \"", name, "\" among those that you may see"),
      {"APP_NOT_FOUND", {{"app", name}}});
}

void CallerView::Limit(v1::Rollout& rollout) const {
  if (unlimited()) return;
  auto* steps = rollout.mutable_steps();
  steps->erase(std::remove_if(steps->begin(), steps->end(),
                              [this](const v1::HostStep& step) {
                                return !SeesHost(step.host());
                              }),
               steps->end());
  for (v1::HostStep& step : *steps) {
    step.set_waits_for(Redact(step.waits_for()));
    step.set_reason(Redact(step.reason()));
  }
  auto* hooks = rollout.mutable_hooks();
  hooks->erase(std::remove_if(hooks->begin(), hooks->end(),
                              [this](const v1::HookRun& hook) {
                                return !SeesHost(hook.host());
                              }),
               hooks->end());
  for (v1::Hold& hold : *rollout.mutable_holds()) {
    hold.set_reason(Redact(hold.reason()));
  }
  for (v1::GateStatus& gate : *rollout.mutable_gates()) {
    gate.set_answer(Redact(gate.answer()));
  }
  rollout.set_message(Redact(rollout.message()));
  if (rollout.has_under_way()) Limit(*rollout.mutable_under_way());
}

bool CallerView::Limit(v1::RolloutEvent& event) const {
  if (unlimited()) return true;
  if (!event.host().empty() && !SeesHost(event.host())) return false;
  event.set_message(Redact(event.message()));
  return true;
}

bool CallerView::Hidden(const std::string& word) const {
  const bool host = hosts_->Find(word) != nullptr;
  const bool app = apps_->FindByName(word) != nullptr;
  return (host && !SeesHost(word)) || (app && !SeesApp(word));
}

absl::Status CallerView::Redact(const absl::Status& status) const {
  if (status.ok() || unlimited()) return status;
  absl::Status shown(status.code(), Redact(std::string(status.message())));
  status.ForEachPayload(
      [&shown](absl::string_view type, const absl::Cord& payload) {
        shown.SetPayload(type, payload);
      });
  return shown;
}

std::string CallerView::Redact(const std::string& text) const {
  if (unlimited() || apps_ == nullptr) return text;
  std::string shown;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && IsNameChar(text[end])) ++end;
    if (end == at) {
      shown += text[at++];
      continue;
    }
    // The dot at the end of a sentence is none of a name.
    std::string word = text.substr(at, end - at);
    while (word.size() > 1 && word.back() == '.') word.pop_back();
    shown += Hidden(word) ? kHiddenName : word;
    at += word.size();
  }
  return shown;
}

}  // namespace fleet::controller
