#include "node_agent/desired_state_acceptor.h"

#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

const v1::AppTarget* Newest(const JournalContents& have,
                            const std::string& app_uid) {
  auto app = have.apps.find(app_uid);
  return app == have.apps.end() ? nullptr : &app->second.newest();
}

absl::Status CheckShape(const v1::AppTarget& target) {
  auto broken = [&target](std::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat("app ", target.app(), " (", target.app_uid(),
                     "): the target has no ", ToAbsl(what)));
  };
  if (target.app_uid().empty()) return broken("app_uid");
  if (target.removed()) return absl::OkStatus();
  if (target.app().empty()) return broken("name");
  if (target.serial() <= 0) return broken("serial above 0");
  // On a host that is new to the app, a hook may come before the first
  // generation.
  const bool only_hook =
      target.generation() == 0 && !target.once_hook().id().empty();
  if (only_hook) return absl::OkStatus();
  if (target.generation() <= 0) return broken("generation above 0");
  if (!target.has_spec()) return broken("spec");
  return absl::OkStatus();
}

absl::Status Lower(const v1::AppTarget& target, const char* what, int64_t got,
                   int64_t have) {
  return absl::FailedPreconditionError(
      absl::StrCat("app ", target.app(), ": ", what, " ", got,
                   " is lower than ", have, ", which this host has accepted"));
}

// What a removal without a spec leaves to be carried out.
v1::AppTarget AsRemoved(const v1::AppTarget& newest, int64_t serial) {
  v1::AppTarget target = newest;
  target.set_serial(std::max(serial, newest.serial()));
  target.set_removed(true);
  return target;
}

class Judge {
 public:
  Judge(const JournalContents& have, const v1::DesiredState& wanted,
        const TargetCheck& check)
      : have_(have), wanted_(wanted), check_(check) {}

  Acceptance Run() && {
    if (wanted_.epoch() < have_.epoch) {
      result_.status = absl::FailedPreconditionError(absl::StrCat(
          "epoch ", wanted_.epoch(), " is lower than ", have_.epoch,
          ", which this host has accepted: an older controller is refused"));
      return std::move(result_);
    }
    for (const v1::AppTarget& target : wanted_.targets()) {
      named_.insert(target.app_uid());
      if (target.removed()) going_.insert(target.app_uid());
    }
    if (wanted_.full()) RemoveUnnamed();
    for (const v1::AppTarget& target : wanted_.targets()) Consider(target);
    return std::move(result_);
  }

 private:
  void RemoveUnnamed() {
    for (const auto& [uid, app] : have_.apps) {
      if (named_.contains(uid) || app.newest().removed()) continue;
      going_.insert(uid);
      result_.targets.push_back(AsRemoved(app.newest(), 0));
    }
  }

  void Consider(const v1::AppTarget& target) {
    absl::Status status = Check(target);
    if (!status.ok()) {
      Refuse(status);
      return;
    }
    const v1::AppTarget* newest = Newest(have_, target.app_uid());
    if (newest != nullptr && target.serial() == newest->serial()) return;
    if (!target.removed()) {
      result_.targets.push_back(target);
    } else if (newest != nullptr) {
      result_.targets.push_back(AsRemoved(*newest, target.serial()));
    }
  }

  absl::Status Check(const v1::AppTarget& target) {
    RETURN_IF_ERROR(CheckShape(target));
    if (!seen_.insert(target.app_uid()).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          "app ", target.app(), " (", target.app_uid(), ") is named twice"));
    }
    const v1::AppTarget* newest = Newest(have_, target.app_uid());
    if (newest != nullptr && target.serial() < newest->serial()) {
      return Lower(target, "serial", target.serial(), newest->serial());
    }
    if (target.removed()) return absl::OkStatus();
    if (newest != nullptr && target.generation() < newest->generation()) {
      return Lower(target, "generation", target.generation(),
                   newest->generation());
    }
    RETURN_IF_ERROR(CheckName(target));
    const bool known = newest != nullptr && newest->serial() == target.serial();
    const bool runs = !known && target.run_state() != v1::RUN_STATE_STOPPED;
    if (check_ == nullptr || !runs) return absl::OkStatus();
    return Annotate(check_(target), absl::StrCat("app ", target.app()));
  }

  absl::Status CheckName(const v1::AppTarget& target) {
    for (const auto& [uid, app] : have_.apps) {
      if (uid == target.app_uid() || app.newest().app() != target.app() ||
          app.newest().removed() || going_.contains(uid)) {
        continue;
      }
      return absl::AlreadyExistsError(absl::StrCat(
          "app ", target.app(), " (", target.app_uid(),
          "): the name belongs to ", uid, " on this host; remove that first"));
    }
    return absl::OkStatus();
  }

  void Refuse(const absl::Status& status) {
    result_.status = result_.status.ok()
                         ? status
                         : absl::Status(result_.status.code(),
                                        absl::StrCat(result_.status.message(),
                                                     "\n", status.message()));
  }

  const JournalContents& have_;
  const v1::DesiredState& wanted_;
  const TargetCheck& check_;
  std::set<std::string> named_;
  std::set<std::string> going_;
  std::set<std::string> seen_;
  Acceptance result_;
};

}  // namespace

Acceptance JudgeDesiredState(const JournalContents& have,
                             const v1::DesiredState& wanted,
                             const TargetCheck& check) {
  return Judge(have, wanted, check).Run();
}

absl::Status NotSavedStatus(const absl::Status& why,
                            const std::string& folder) {
  const bool full = absl::IsResourceExhausted(why);
  return absl::Status(
      why.code(),
      absl::StrCat("the desired state could not be saved and is refused; what "
                   "was accepted before goes on: ",
                   why.message(),
                   full ? absl::StrCat(". Make room there (du -xh ", folder,
                                       "): it is done by itself then")
                        : ""));
}

}  // namespace fleet::agent
