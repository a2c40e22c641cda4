#include "controller/dependency_cycle.h"

#include <algorithm>
#include <deque>

namespace fleet::controller {

std::vector<std::string> FindCycle(const DependencyGraph& graph,
                                   const std::string& app) {
  std::map<std::string, std::string> reached_from;
  std::deque<std::string> open = {app};
  while (!open.empty()) {
    std::string at = open.front();
    open.pop_front();
    auto found = graph.find(at);
    if (found == graph.end()) continue;
    for (const std::string& next : found->second) {
      if (reached_from.emplace(next, at).second) open.push_back(next);
    }
  }
  if (!reached_from.contains(app)) return {};
  std::vector<std::string> cycle = {app};
  do {
    cycle.push_back(reached_from.at(cycle.back()));
  } while (cycle.back() != app);
  std::reverse(cycle.begin(), cycle.end());
  return cycle;
}

}  // namespace fleet::controller
