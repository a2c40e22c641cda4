// A host as the controller keeps it: plain values.
#ifndef FLEET_CONTROLLER_HOST_RECORD_H_
#define FLEET_CONTROLLER_HOST_RECORD_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace fleet::controller {

// An order about a host that stays until it is lifted.
struct Cordon {
  // Its workers are stopped as well.
  bool drained = false;
  std::string reason;
  std::string actor;
  absl::Time time;  // Calendar time.

  bool operator==(const Cordon&) const = default;
};

// A row of hosts: what its agent said of itself when it last connected.
using HostLabels = std::map<std::string, std::string>;

struct HostRecord {
  std::string name;
  // Of the agent's state folder. Empty: it has never been heard.
  std::string host_uid;
  std::string boot_id;
  // What counts: the agent's own, and over them those that were assigned.
  HostLabels labels;
  HostLabels agent_labels;
  HostLabels assigned_labels;
  std::string agent_version;
  std::string keeper_version;
  std::string kernel;
  int cores = 0;
  int64_t memory_bytes = 0;
  std::string bind_address;
  absl::Time last_seen;  // Calendar time.
  // Not the agent's: set, no rollout and no new app comes to the host.
  std::optional<Cordon> cordon;

  bool operator==(const HostRecord&) const = default;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_HOST_RECORD_H_
