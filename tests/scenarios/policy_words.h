// Words of a script for hooks and metric gates.
#ifndef FLEET_TESTS_SCENARIOS_POLICY_WORDS_H_
#define FLEET_TESTS_SCENARIOS_POLICY_WORDS_H_

#include <string>

#include "proto/rpc/rollout_policy.h"

namespace fleet::sim {

// "pre_reload=works": KIND of tests/sim/hook_script.h, 30 s at the most.
// False: it is not the name of a hook.
bool SetHook(const std::string& key, const std::string& value,
             RolloutHooks& hooks);

// "gate=http:bad", "gate=prometheus:flapping" (KIND of
// tests/sim/gate_servers.h), "gate=memory:40M", "gate=restarts:0": one more,
// looked at every 2 s. "window=6s", "no_data=fail": of the one before. False:
// none of these.
bool SetGate(const std::string& key, const std::string& value,
             RolloutPolicySpec& policy);

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SCENARIOS_POLICY_WORDS_H_
