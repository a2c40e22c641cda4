// What keeps an app's limits and hardening on its hosts.
#ifndef FLEET_CLI_RENDER_LIMIT_TEXT_H_
#define FLEET_CLI_RENDER_LIMIT_TEXT_H_

#include <string>
#include <vector>

#include "fleet/v1/app.pb.h"

namespace fleet::cli {

struct LimitLine {
  // "memory_max 300M: cgroup v2 on host-1; rlimit on host-2"; hosts are named
  // only where they differ.
  std::string text;
  bool kept = false;  // On all of them.
};

// Each limit that the hosts have told of, in their order. Pure.
std::vector<LimitLine> LimitLines(const v1::App& app);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_LIMIT_TEXT_H_
