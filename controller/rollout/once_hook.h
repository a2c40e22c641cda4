// pre_rollout and post_rollout: commands that run once per rollout.
#ifndef FLEET_CONTROLLER_ROLLOUT_ONCE_HOOK_H_
#define FLEET_CONTROLLER_ROLLOUT_ONCE_HOOK_H_

#include "controller/rollout/planning.h"

namespace fleet::controller {

// The rollout may go on past this hook. Otherwise it has been ordered from a
// host (of the first wave before, a finished one after), is awaited, or has
// failed the rollout just now or before (one that aborts or turns back goes on
// with that). A host that does not answer fails it a minute after the hook's
// timeout: whether it ran is not known then, so nobody else is told to run it
// before a person says so (retry). The order of one that has ended, in whatever
// way, is taken back.
enum class OnceHook { kPreRollout, kPostRollout };
enum class HookProgress { kPassed, kWaits, kFailedNow };
HookProgress AdvanceHook(Planning& planning, OnceHook which);

// An order with this id has been given and is not answered yet. One that is not
// awaited must not reach a host any more.
bool AwaitsHook(const Rollout& rollout, const std::string& id);

// The rollout ends and awaits nobody any more: orders that have no answer are
// taken back.
void TakeBackHooks(Draft& draft);

// For a retry: runs it again, under a new id. False: it has not failed.
bool RetryHook(Draft& draft, OnceHook which);
// For a resume: goes on without it. Likewise.
bool PassHook(Draft& draft, OnceHook which, const std::string& actor);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_ONCE_HOOK_H_
