#include "controller/rollout/once_hook.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

// For the agent to answer at all.
constexpr absl::Duration kMargin = absl::Minutes(1);

const char* Name(OnceHook which) {
  switch (which) {
    case OnceHook::kPreRollout:
      return "pre_rollout";
    case OnceHook::kPostRollout:
      return "post_rollout";
  }
  FLEET_CHECK(false);
}

HookRun& RunOf(RolloutState& state, OnceHook which) {
  return which == OnceHook::kPreRollout ? state.pre_rollout
                                        : state.post_rollout;
}

const Hook& HookOf(const Policy& policy, OnceHook which) {
  return which == OnceHook::kPreRollout ? policy.pre_rollout
                                        : policy.post_rollout;
}

std::string IdOf(const Rollout& rollout, OnceHook which, const HookRun& run) {
  return absl::StrCat(rollout.uid, ".", Name(which), ".", run.attempt);
}

// The host's next target does not name it: who has not begun it by now does not
// begin it later.
void TakeBack(Draft& draft, const std::string& host) {
  HookOrder none;
  none.host = host;
  draft.AddHook(std::move(none));
}

bool HasEnded(const HookReport& report) {
  return report.phase == HookPhase::kDone || report.phase == HookPhase::kFailed;
}

class Running {
 public:
  Running(Planning& planning, OnceHook which)
      : planning_(planning),
        which_(which),
        run_(RunOf(planning.state(), which)),
        hook_(HookOf(planning.policy(), which)) {}

  HookProgress Run() {
    if (hook_.command.empty()) return HookProgress::kPassed;
    switch (run_.phase) {
      case HookPhase::kNone:
        return Order();
      case HookPhase::kRunning:
        return Await();
      case HookPhase::kDone:
        return HookProgress::kPassed;
      case HookPhase::kFailed:
        return Fail();  // Its hold was lifted in another way.
    }
    FLEET_CHECK(false);
  }

 private:
  Draft& draft() { return planning_.draft(); }

  std::optional<size_t> PickHost() const {
    const HostStepPhase wanted = which_ == OnceHook::kPreRollout
                                     ? HostStepPhase::kPending
                                     : HostStepPhase::kDone;
    for (size_t i = 0; i < planning_.draft().size(); ++i) {
      const HostView& view = planning_.view(i);
      const bool fits = planning_.draft().step(i).phase == wanted &&
                        view.connected && !view.cordoned && !view.removed;
      if (fits) return i;
    }
    return std::nullopt;
  }

  HookProgress Order() {
    std::optional<size_t> i = PickHost();
    // With nobody to run it there is nobody to admit either.
    if (!i.has_value()) {
      draft().state().message =
          absl::StrCat(Name(which_), " waits for a host that can run it");
      return HookProgress::kWaits;
    }
    run_.phase = HookPhase::kRunning;
    run_.host = draft().step(*i).host;
    run_.started_at = draft().elapsed();
    run_.reason.clear();
    run_.output.clear();
    draft().state().message =
        absl::StrCat(Name(which_), " runs on ", run_.host);
    draft().AddHook({run_.host, IdOf(draft().base(), which_, run_),
                     Name(which_), hook_, draft().base().to_revision,
                     draft().base().uid});
    draft().Record(draft().state().message);
    return Await();
  }

  HookProgress Await() {
    const HostView* view = ViewOf(run_.host);
    if (view == nullptr || view->removed) return Failed("its host is gone", {});
    const std::string id = IdOf(draft().base(), which_, run_);
    for (const HookReport& report : view->hooks) {
      if (report.id != id || !HasEnded(report)) continue;
      TakeBack(draft(), run_.host);
      return report.phase == HookPhase::kDone
                 ? Done(report)
                 : Failed(report.reason, report.output);
    }
    absl::Duration limit = run_.started_at + hook_.timeout + kMargin;
    if (draft().elapsed() >= limit) {
      TakeBack(draft(), run_.host);
      return Failed("its host does not say how it went", {});
    }
    planning_.WakeAtPoint(limit);
    return HookProgress::kWaits;
  }

  HookProgress Done(const HookReport& report) {
    run_.phase = HookPhase::kDone;
    run_.reason = report.reason;
    run_.output = report.output;
    draft().state().message.clear();
    draft().RestartProgress();
    draft().Record(absl::StrCat(Name(which_), " is done on ", run_.host));
    return HookProgress::kPassed;
  }

  HookProgress Failed(const std::string& reason,
                      const std::vector<std::string>& output) {
    run_.phase = HookPhase::kFailed;
    run_.reason = reason;
    run_.output = output;
    draft().Save();
    const bool turned = planning_.state().aborting ||
                        planning_.state().phase == RolloutPhase::kRollingBack;
    if (!turned) return Fail();
    draft().Record(WhatFailed());
    return HookProgress::kWaits;
  }

  std::string WhatFailed() const {
    return absl::StrCat(Name(which_), " failed on ", run_.host, ": ",
                        run_.reason,
                        run_.output.empty() ? "" : "; its last line: ",
                        run_.output.empty() ? "" : run_.output.back());
  }

  HookProgress Fail() {
    if (!planning_.MayFail()) return HookProgress::kWaits;
    planning_.Fail(WhatFailed());
    return HookProgress::kFailedNow;
  }

  const HostView* ViewOf(const std::string& host) const {
    for (size_t i = 0; i < planning_.draft().size(); ++i) {
      if (planning_.draft().step(i).host == host) return &planning_.view(i);
    }
    return nullptr;
  }

  Planning& planning_;
  const OnceHook which_;
  HookRun& run_;
  const Hook& hook_;
};

}  // namespace

bool AwaitsHook(const Rollout& rollout, const std::string& id) {
  const RolloutState& state = rollout.state;
  const std::pair<OnceHook, const HookRun&> runs[] = {
      {OnceHook::kPreRollout, state.pre_rollout},
      {OnceHook::kPostRollout, state.post_rollout}};
  return std::any_of(std::begin(runs), std::end(runs), [&](const auto& run) {
    return run.second.phase == HookPhase::kRunning &&
           IdOf(rollout, run.first, run.second) == id;
  });
}

HookProgress AdvanceHook(Planning& planning, OnceHook which) {
  return Running(planning, which).Run();
}

void TakeBackHooks(Draft& draft) {
  const RolloutState& state = draft.state();
  for (const HookRun* run : {&state.pre_rollout, &state.post_rollout}) {
    if (run->phase == HookPhase::kRunning) TakeBack(draft, run->host);
  }
}

bool RetryHook(Draft& draft, OnceHook which) {
  HookRun& run = RunOf(draft.state(), which);
  if (run.phase != HookPhase::kFailed) return false;
  const int attempt = run.attempt + 1;
  run = {};
  run.attempt = attempt;
  return true;
}

bool PassHook(Draft& draft, OnceHook which, const std::string& actor) {
  HookRun& run = RunOf(draft.state(), which);
  if (run.phase != HookPhase::kFailed) return false;
  run.phase = HookPhase::kDone;
  run.reason = absl::StrCat("passed over",
                            actor.empty() ? "" : absl::StrCat(" by ", actor),
                            " after it failed: ", run.reason);
  return true;
}

}  // namespace fleet::controller
