// Where on this machine an agent may make control groups.
#ifndef FLEET_NODE_AGENT_CGROUP_PLACE_H_
#define FLEET_NODE_AGENT_CGROUP_PLACE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::agent {

// A controller's groups are made in `folder`. Version 0: nowhere.
struct CgroupPlace {
  int version = 0;
  std::string folder;

  bool operator==(const CgroupPlace&) const = default;
};

// By controller ("memory", "cpu", "cpuacct", "pids"); "" is the v2 hierarchy
// itself, also where it has no controllers. `self` and `mounts` are the texts
// of /proc/self/cgroup and /proc/self/mountinfo; `v2_controllers` says what is
// in the file cgroup.controllers of a folder. Pure.
//
// A leaf that MoveToLeaf has made is not counted: groups are made beside it.
std::map<std::string, CgroupPlace> FindCgroupPlaces(
    std::string_view self, std::string_view mounts,
    std::vector<std::string> (*v2_controllers)(const std::string& folder));

// cgroups(7): a v2 group with processes of its own cannot limit groups below
// it. So the agent and the keeper, and whatever runs in their group, move to
// this one below it.
inline constexpr std::string_view kLeafName = "fleet-main";

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_CGROUP_PLACE_H_
