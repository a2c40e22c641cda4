#include "cli/render/app_notes.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/render/age.h"
#include "cli/render/app_summary.h"
#include "cli/render/cordon_text.h"
#include "cli/render/text_style.h"

namespace fleet::cli {
namespace {

constexpr size_t kMostNotes = 12;
constexpr size_t kMostNames = 3;

// "host-1, host-2, host-3 and 4 more".
std::string SomeOf(const std::vector<std::string>& names) {
  const size_t shown = std::min(names.size(), kMostNames);
  const std::string text = absl::StrJoin(
      names.begin(), names.begin() + static_cast<ptrdiff_t>(shown), ", ");
  return names.size() == shown
             ? text
             : absl::StrCat(text, " and ", names.size() - shown, " more");
}

class Notes {
 public:
  Notes(const v1::App& app, absl::Time now, std::vector<std::string>& notes)
      : app_(app), now_(now), notes_(notes) {}

  void AddAll() {
    const AppSummary summary = Summarize(app_);
    if (summary.revisions.size() > 1) {
      Add(RevisionText(summary), ": several revisions run; ",
          MixedHelp(app_, summary));
    } else if (!app_.active_rollout_uid().empty()) {
      Add("rollout ", app_.active_rollout_uid(),
          " has not ended: fleetctl rollout status ",
          app_.active_rollout_uid());
    }
    AddAway();
    AddCordoned();
    AddRefused();
    AddFailedSteps();
    AddCrashes();
    AddLostLines();
  }

 private:
  template <typename... Parts>
  void Add(const Parts&... parts) {
    notes_.push_back(Printable(absl::StrCat(app_.name(), ": ", parts...)));
  }

  void AddAway() {
    std::vector<std::string> away;
    for (const v1::HostApp& host : app_.hosts()) {
      if (host.connected()) continue;
      away.push_back(absl::StrCat(
          host.host(), " (",
          AgeText(host.has_observe_time(), host.observe_time(), now_), ")"));
    }
    if (!away.empty()) Add("no news from ", SomeOf(away));
  }

  void AddCordoned() {
    for (const v1::HostApp& host : app_.hosts()) {
      if (!host.has_cordon()) continue;
      Add(CordonText(host.host(), host.cordon(), now_));
    }
  }

  void AddRefused() {
    for (const v1::HostApp& host : app_.hosts()) {
      if (!host.connected() || host.refusal().empty()) continue;
      Add(host.host(), ": ", RefusalText(host.refusal()));
    }
  }

  void AddFailedSteps() {
    std::vector<std::string> failed;
    std::string reason;
    for (const v1::HostApp& host : app_.hosts()) {
      const v1::Step& step = host.status().step();
      if (!host.connected() || step.phase() != v1::STEP_PHASE_FAILED) continue;
      failed.push_back(host.host());
      if (reason.empty()) reason = step.reason();
    }
    if (failed.empty()) return;
    Add("last step failed on ", SomeOf(failed), ": ", reason,
        "; fleetctl show ", app_.name());
  }

  void AddCrashes() {
    for (const v1::HostApp& host : app_.hosts()) {
      if (!host.connected()) continue;
      for (const v1::Instance& instance : host.status().instances()) {
        if (instance.state() != v1::INSTANCE_STATE_CRASH_LOOP) continue;
        Add("crash loop on ", host.host(), ": ", instance.last_exit(),
            "; fleetctl logs ", app_.name(), " --err");
        return;
      }
    }
  }

  // While they are being lost; show counts what was.
  void AddLostLines() {
    for (const v1::HostApp& host : app_.hosts()) {
      if (!host.connected()) continue;
      for (const v1::Instance& instance : host.status().instances()) {
        if (instance.logs().problem().empty()) continue;
        Add("log lines are lost on ", host.host(), ": ",
            instance.logs().problem());
        return;
      }
    }
  }

  const v1::App& app_;
  const absl::Time now_;
  std::vector<std::string>& notes_;
};

}  // namespace

std::vector<std::string> AppNotes(const v1::ListAppsResponse& apps,
                                  absl::Time now) {
  std::vector<std::string> notes;
  for (const v1::App& app : apps.apps()) Notes(app, now, notes).AddAll();
  if (notes.size() > kMostNotes) {
    const size_t more = notes.size() - kMostNotes;
    notes.resize(kMostNotes);
    notes.push_back(absl::StrCat("… and ", more, " more: fleetctl show APP"));
  }
  return notes;
}

}  // namespace fleet::cli
