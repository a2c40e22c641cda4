#include "cli/monit/usage_history.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fleet::cli {
namespace {

std::string KeyOf(const std::string& app, const std::string& host, int slot) {
  return absl::StrCat(app, "/", host, "/", slot);
}

void Push(std::deque<double>& values, double value) {
  values.push_back(value);
  if (values.size() > UsageHistory::kKept) values.pop_front();
}

}  // namespace

void UsageHistory::AddHosts(const v1::ListHostsResponse& hosts) {
  for (const v1::Host& host : hosts.hosts()) {
    if (host.state() != v1::HOST_STATE_CONNECTED) continue;
    Add(hosts_, host.name(), 0, host.usage().cpu_cores(),
        static_cast<double>(host.usage().memory_used_bytes()));
  }
  DropUnseen(hosts_);
}

void UsageHistory::AddApps(const v1::ListAppsResponse& apps) {
  for (const v1::App& app : apps.apps()) {
    for (const v1::HostApp& host : app.hosts()) {
      if (!host.connected()) continue;
      for (const v1::Instance& instance : host.status().instances()) {
        // In a surge the newer worker is the one to follow; it comes later.
        if (instance.pid() == 0) continue;
        Add(instances_, KeyOf(app.name(), host.host(), instance.slot()),
            instance.worker_id(), instance.cpu_cores(),
            static_cast<double>(instance.rss_bytes()));
      }
    }
  }
  DropUnseen(instances_);
}

void UsageHistory::Add(Entries& entries, const std::string& key,
                       uint64_t worker_id, double cpu_cores,
                       double memory_bytes) {
  auto found = entries.find(key);
  if (found == entries.end()) {
    if (entries.size() >= kMost) return;
    found = entries.emplace(key, Entry()).first;
  }
  Entry& entry = found->second;
  if (entry.worker_id != worker_id) entry = Entry();
  entry.worker_id = worker_id;
  entry.seen = true;
  Push(entry.series.cpu_cores, cpu_cores);
  Push(entry.series.memory_bytes, memory_bytes);
}

void UsageHistory::DropUnseen(Entries& entries) {
  for (auto entry = entries.begin(); entry != entries.end();) {
    const bool seen = std::exchange(entry->second.seen, false);
    entry = seen ? std::next(entry) : entries.erase(entry);
  }
}

const UsageSeries& UsageHistory::Find(const Entries& entries,
                                      const std::string& key) {
  static const UsageSeries none;
  const auto found = entries.find(key);
  return found == entries.end() ? none : found->second.series;
}

const UsageSeries& UsageHistory::OfHost(const std::string& host) const {
  return Find(hosts_, host);
}

const UsageSeries& UsageHistory::OfInstance(const std::string& app,
                                            const std::string& host,
                                            int slot) const {
  return Find(instances_, KeyOf(app, host, slot));
}

}  // namespace fleet::cli
