// What an app waits for on its host before it is started or reloaded.
#ifndef FLEET_NODE_AGENT_DEPENDENCY_H_
#define FLEET_NODE_AGENT_DEPENDENCY_H_

#include <functional>
#include <string>

#include "node_agent/app_state.h"

namespace fleet::agent {

// The app of that name on this host; nullptr: there is none.
using AppByName = std::function<const AppState*(const std::string& name)>;

// The first app of depends_on that is not yet available with all of its
// instances, or is in the middle of a step, and what it waits for itself:
// "db: db.0 is starting". Empty: nothing holds it. Apps that this host does not
// run, or that somebody stopped, are not waited for; nor is one that waits,
// over however many others, for this one. Pure.
std::string HeldBy(const AppState& app, const AppByName& find);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_DEPENDENCY_H_
