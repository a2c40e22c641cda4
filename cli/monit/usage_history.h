// What hosts and workers used in the last minutes, for sparklines.
#ifndef FLEET_CLI_MONIT_USAGE_HISTORY_H_
#define FLEET_CLI_MONIT_USAGE_HISTORY_H_

#include <cstddef>
#include <deque>
#include <map>
#include <string>

#include "fleet/v1/app_service.pb.h"
#include "fleet/v1/host_service.pb.h"

namespace fleet::cli {

struct UsageSeries {
  std::deque<double> cpu_cores;
  std::deque<double> memory_bytes;
};

// A value. The newest kKept samples of at most kMost hosts and kMost
// instances; who is no longer there is forgotten.
class UsageHistory {
 public:
  static constexpr size_t kKept = 60;
  static constexpr size_t kMost = 5000;

  void AddHosts(const v1::ListHostsResponse& hosts);
  // A new worker of an instance begins anew.
  void AddApps(const v1::ListAppsResponse& apps);

  // Empty when nothing is known.
  const UsageSeries& OfHost(const std::string& host) const;
  const UsageSeries& OfInstance(const std::string& app, const std::string& host,
                                int slot) const;

 private:
  struct Entry {
    UsageSeries series;
    uint64_t worker_id = 0;
    bool seen = false;
  };
  using Entries = std::map<std::string, Entry>;

  static void Add(Entries& entries, const std::string& key, uint64_t worker_id,
                  double cpu_cores, double memory_bytes);
  static void DropUnseen(Entries& entries);
  static const UsageSeries& Find(const Entries& entries,
                                 const std::string& key);

  Entries hosts_;
  Entries instances_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_MONIT_USAGE_HISTORY_H_
