#include "controller/rollout/admission.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "controller/rollout/rollout_text.h"

namespace fleet::controller {

Admission::Admission(const Planning& planning)
    : planning_(planning),
      down_(planning.tally().down + planning.fleet().down_elsewhere) {
  room_ = planning.policy().max_parallel -
          static_cast<int>(planning.tally().in_flight.size());
  for (uint32_t i : planning.tally().in_flight) {
    voluntary_ += planning.TakenBy(i);
    if (planning.policy().max_zones == kNoLimit) continue;
    const std::string& zone = planning.draft().step(i).zone;
    if (std::find(zones_.begin(), zones_.end(), zone) == zones_.end()) {
      zones_.push_back(zone);
    }
  }
}

int Admission::CostOf(size_t i) const {
  return std::min(StepCost(planning_.policy()),
                  planning_.view(i).instances_total);
}

bool Admission::OverBudget(size_t i) const {
  const HostView& view = planning_.view(i);
  const int down = DownNow(view);
  const int cost = CostOf(i);
  const bool nothing_to_lose = view.instances_total == 0 || down > 0;
  if (nothing_to_lose && cost <= down) return false;
  return down_ - down + std::max(down, cost) >
         planning_.policy().max_unavailable;
}

bool Admission::ZoneIsFull(size_t i) const {
  const int max = planning_.policy().max_zones;
  if (max == kNoLimit || static_cast<int>(zones_.size()) < max) return false;
  const std::string& zone = planning_.draft().step(i).zone;
  return std::find(zones_.begin(), zones_.end(), zone) == zones_.end();
}

bool Admission::MayRevert(size_t i) const {
  if (!HasRoom() || ZoneIsFull(i)) return false;
  const bool nothing_to_lose = DownNow(planning_.view(i)) >= CostOf(i);
  return nothing_to_lose ||
         voluntary_ + CostOf(i) <= planning_.policy().max_unavailable;
}

void Admission::Took(size_t i) {
  --room_;
  const int down = DownNow(planning_.view(i));
  down_ += std::max(down, CostOf(i)) - down;
  voluntary_ += CostOf(i);
  if (planning_.policy().max_zones == kNoLimit) return;
  const std::string& zone = planning_.draft().step(i).zone;
  if (std::find(zones_.begin(), zones_.end(), zone) == zones_.end()) {
    zones_.push_back(zone);
  }
}

namespace {

class Admitting {
 public:
  explicit Admitting(Planning& planning)
      : planning_(planning), draft_(planning.draft()), admission_(planning) {}

  bool Run() {
    const int wave = draft_.state().wave;
    for (size_t i = 0; i < draft_.size() && admission_.HasRoom(); ++i) {
      const HostStep& step = draft_.step(i);
      if (step.phase != HostStepPhase::kPending || step.wave > wave) continue;
      if (draft_.Full() || !Consider(i)) return true;
    }
    SetBudgetHold();
    return changed_;
  }

 private:
  // False: the rollout fails, now or with the next plan.
  bool Consider(size_t i) {
    const HostView& view = planning_.view(i);
    if (view.cordoned) {
      Skip(i, SkipReason::kCordoned, "cordoned");
    } else if (!view.connected) {
      return SkipUnreachable(i);
    } else if (admission_.ZoneIsFull(i)) {
      return true;
    } else if (admission_.OverBudget(i)) {
      if (blocked_ < 0) blocked_ = static_cast<int64_t>(i);
    } else {
      draft_.Admit(i);
      admission_.Took(i);
      changed_ = admitted_ = true;
    }
    return true;
  }

  bool SkipUnreachable(size_t i) {
    const int limit =
        draft_.state().skip_any ? kNoLimit : planning_.policy().max_skipped;
    Tally& tally = planning_.tally();
    if (tally.skipped_away >= limit) {
      // Nobody is admitted by a plan that fails: it comes next.
      if (admitted_) {
        planning_.WakeAt(draft_.now().steady);
        return false;
      }
      planning_.Fail(absl::StrCat(
          draft_.step(i).host, " is not connected; ",
          limit == 0 ? std::string("no host")
                     : absl::StrCat(limit, " of ",
                                    Hosts(static_cast<int>(draft_.size()))),
          " may be skipped for that"));
      return false;
    }
    ++tally.skipped_away;
    Skip(i, SkipReason::kUnreachable, "not connected");
    return true;
  }

  void Skip(size_t i, SkipReason why, const std::string& reason) {
    draft_.Skip(i, why, reason);
    changed_ = true;
    const int wave = draft_.step(i).wave;
    if (wave + 1 < planning_.policy().waves) TakeSubstitute(i, wave);
  }

  // So that a wave tests what it is meant to.
  void TakeSubstitute(size_t skipped, int wave) {
    if (substitute_ <= skipped) substitute_ = skipped + 1;
    for (; substitute_ < draft_.size(); ++substitute_) {
      const HostStep& step = draft_.step(substitute_);
      const HostView& view = planning_.view(substitute_);
      if (step.phase != HostStepPhase::kPending || step.wave <= wave ||
          !view.connected || view.cordoned) {
        continue;
      }
      draft_.EditAndSave(substitute_++).wave = wave;
      return;
    }
  }

  // While hosts are in flight, waiting is the normal course.
  void SetBudgetHold() {
    const bool waits = blocked_ >= 0 && draft_.counts().in_flight == 0;
    if (!waits) return draft_.LiftHold(HoldKind::kBudget);
    if (HasHold(draft_.state(), HoldKind::kBudget)) return;
    draft_.AddHold(
        HoldKind::kBudget,
        absl::StrCat(Instances(admission_.down()), " of ", draft_.base().app,
                     admission_.down() == 1 ? " is" : " are",
                     " not available (max_unavailable ",
                     planning_.policy().max_unavailable,
                     "): ", WhoIsDown(planning_)));
  }

  static std::string WhoIsDown(const Planning& planning) {
    std::vector<std::string> hosts;
    for (size_t i = 0; i < planning.draft().size(); ++i) {
      const int down = DownNow(planning.view(i));
      if (down == 0) continue;
      hosts.push_back(absl::StrCat(planning.draft().step(i).host, " (", down,
                                   " of ", planning.view(i).instances_total,
                                   ")"));
    }
    if (hosts.empty()) return "hosts that are not of this rollout";
    return HostList(hosts);
  }

  Planning& planning_;
  Draft& draft_;
  Admission admission_;
  int64_t blocked_ = -1;   // The first host that the budget keeps out.
  size_t substitute_ = 0;  // Where to look for the next one.
  bool changed_ = false;
  bool admitted_ = false;
};

}  // namespace

bool AdmitHosts(Planning& planning) { return Admitting(planning).Run(); }

}  // namespace fleet::controller
