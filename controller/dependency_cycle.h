// Apps that wait for each other.
#ifndef FLEET_CONTROLLER_DEPENDENCY_CYCLE_H_
#define FLEET_CONTROLLER_DEPENDENCY_CYCLE_H_

#include <map>
#include <string>
#include <vector>

namespace fleet::controller {

// What each app depends on. Names that are not in it depend on nothing.
using DependencyGraph = std::map<std::string, std::vector<std::string>>;

// A shortest way from `app` over its dependencies back to it, with the app at
// both ends: web, db, web. Empty: there is none. Pure.
std::vector<std::string> FindCycle(const DependencyGraph& graph,
                                   const std::string& app);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_DEPENDENCY_CYCLE_H_
