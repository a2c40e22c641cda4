#include "controller/host_registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "controller/name_rules.h"
#include "proto/rpc/status.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

constexpr size_t kMaxHosts = 20'000;
constexpr absl::Duration kConflictShown = absl::Minutes(1);
constexpr size_t kHostsInError = 10;
constexpr size_t kMaxHostLabels = 64;

// A boot takes longer.
constexpr absl::Duration kJustHeard = absl::Seconds(7);

// Another agent came after this one and is connected, and this one lives.
bool WasReplaced(const KnownHost& known, const std::string& run_id) {
  return run_id != known.run_id &&
         std::find(known.former_runs.begin(), known.former_runs.end(),
                   run_id) != known.former_runs.end();
}

// The connected host and who says Hello under its name are two machines.
bool IsOther(const KnownHost& known, const HostRecord& newcomer,
             const std::string& run_id, absl::Time now) {
  if (WasReplaced(known, run_id)) return true;
  if (known.record.host_uid != newcomer.host_uid) return true;
  return known.record.boot_id != newcomer.boot_id &&
         now - known.last_heard < kJustHeard;
}

// What tells the host from the other.
std::string Sign(const HostRecord& host, const HostRecord& other) {
  constexpr size_t kShown = 8;
  return host.host_uid != other.host_uid
             ? absl::StrCat("host_uid ", host.host_uid.substr(0, kShown))
             : absl::StrCat("boot ", host.boot_id.substr(0, kShown));
}

void MergeLabels(HostRecord& host) {
  host.labels = host.agent_labels;
  for (const auto& [key, value] : host.assigned_labels) {
    host.labels[key] = value;
  }
}

void NoteRun(KnownHost& host, const std::string& run_id) {
  if (host.run_id == run_id) return;
  std::erase(host.former_runs, run_id);
  if (!host.run_id.empty()) host.former_runs.push_back(host.run_id);
  if (host.former_runs.size() > KnownHost::kMaxFormerRuns) {
    host.former_runs.pop_front();
  }
  host.run_id = run_id;
}

// Equal in all that is worth a write.
bool SameHost(HostRecord a, const HostRecord& b) {
  a.last_seen = b.last_seen;
  return a == b;
}

}  // namespace

void HostRegistry::Load(std::vector<HostRecord> hosts) {
  for (HostRecord& record : hosts) {
    std::string name = record.name;
    hosts_[name].record = std::move(record);
  }
}

absl::Status HostRegistry::Connect(HostRecord record, const std::string& peer,
                                   const std::string& run_id) {
  auto found = hosts_.find(record.name);
  const bool known = found != hosts_.end();
  if (known && found->second.connected &&
      IsOther(found->second, record, run_id, clock_.Now())) {
    return RefuseConflict(found->second, record, peer, run_id);
  }
  if (!known && hosts_.size() >= kMaxHosts) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "this controller keeps at most ", kMaxHosts, " hosts; ", record.name,
        " would be one more: delete hosts that are gone (fleetctl hosts)"));
  }
  record.last_seen = clock_.WallNow();
  // An agent has no say in it.
  record.cordon = known ? found->second.record.cordon : std::nullopt;
  record.agent_labels = record.labels;
  record.assigned_labels =
      known ? found->second.record.assigned_labels : HostLabels();
  MergeLabels(record);
  if (!known || !SameHost(found->second.record, record)) {
    StoreChange change;
    change.hosts.push_back(record);
    RETURN_IF_ERROR(store_.Save(change));
  }
  KnownHost& host = hosts_[record.name];
  if (known && host.record.host_uid != record.host_uid) {
    spdlog::warn("host host={} host_uid={} was={}: another machine took over",
                 record.name, record.host_uid, host.record.host_uid);
  }
  if (!host.connected) ++connected_count_;
  host.record = std::move(record);
  NoteRun(host, run_id);
  host.connected = true;
  host.peer = peer;
  host.connect_time = clock_.WallNow();
  host.last_heard = clock_.Now();
  return absl::OkStatus();
}

absl::Status HostRegistry::RefuseConflict(KnownHost& known,
                                          const HostRecord& newcomer,
                                          const std::string& peer,
                                          const std::string& run_id) {
  const bool one_folder =
      known.record.host_uid == newcomer.host_uid && WasReplaced(known, run_id);
  std::string message = absl::StrCat(
      one_folder ? "two agents with copies of one state folder claim the host "
                   "name "
                 : "two machines claim the host name ",
      newcomer.name, ": ", known.peer, " (",
      one_folder ? "" : Sign(known.record, newcomer) + ", ",
      "connected, kept) and ", peer, " (",
      one_folder ? "" : Sign(newcomer, known.record) + ", ",
      "refused); start one of the agents with another --host-name and a "
      "state folder of its own");
  if (ConflictOf(known).empty()) {
    spdlog::warn("host host={} state=CONFLICT: {}", newcomer.name, message);
  }
  known.conflict = message;
  known.conflict_until = clock_.Now() + kConflictShown;
  return absl::AlreadyExistsError(message);
}

void HostRegistry::Disconnect(const std::string& name) {
  auto found = hosts_.find(name);
  if (found == hosts_.end() || !found->second.connected) return;
  found->second.connected = false;
  --connected_count_;
  found->second.record.last_seen = clock_.WallNow();
  StoreChange change;
  change.hosts.push_back(found->second.record);
  absl::Status saved = store_.Save(change);
  if (!saved.ok()) {
    spdlog::warn("host host={} last_seen not saved: {}", name,
                 std::string(saved.message()));
  }
}

void HostRegistry::Heard(const std::string& name) {
  auto found = hosts_.find(name);
  if (found == hosts_.end()) return;
  found->second.record.last_seen = clock_.WallNow();
  found->second.last_heard = clock_.Now();
}

void HostRegistry::HeardClock(const std::string& name, absl::Time host_time) {
  auto found = hosts_.find(name);
  if (found == hosts_.end()) return;
  found->second.clock_skew = host_time - clock_.WallNow();
}

absl::Status HostRegistry::SetCordon(const std::string& name,
                                     std::optional<Cordon> cordon,
                                     StoreChange change) {
  ASSIGN_OR_RETURN(KnownHost * host, Require(name));
  HostRecord record = host->record;
  record.cordon = std::move(cordon);
  change.hosts.push_back(record);
  RETURN_IF_ERROR(store_.Save(change));
  host->record = std::move(record);
  return absl::OkStatus();
}

absl::Status HostRegistry::SetLabels(const std::string& name,
                                     const HostLabels& labels,
                                     const std::vector<std::string>& remove) {
  ASSIGN_OR_RETURN(KnownHost * host, Require(name));
  HostRecord record = host->record;
  for (const std::string& key : remove) {
    if (record.assigned_labels.erase(key) > 0) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "host ", name, ": ", key,
        record.agent_labels.contains(key)
            ? " is a label of its agent's own (--label); change it there"
            : " is no label of it"));
  }
  for (const auto& [key, value] : labels) {
    RETURN_IF_ERROR(CheckLabel(key, value));
    record.assigned_labels[key] = value;
  }
  MergeLabels(record);
  if (record.labels.size() > kMaxHostLabels) {
    return absl::InvalidArgumentError(
        absl::StrCat("host ", name, " would have ", record.labels.size(),
                     " labels; at most ", kMaxHostLabels));
  }
  StoreChange change;
  change.hosts.push_back(record);
  RETURN_IF_ERROR(store_.Save(change));
  host->record = std::move(record);
  return absl::OkStatus();
}

absl::StatusOr<KnownHost*> HostRegistry::Require(const std::string& name) {
  auto found = hosts_.find(name);
  if (found != hosts_.end()) return &found->second;
  return ErrorWithReason(
      absl::StatusCode::kNotFound,
      absl::StrCat("no host ", name, "; known: ", Describe()),
      {"HOST_NOT_FOUND", {{"host", name}}});
}

absl::Status HostRegistry::Remove(const std::string& name, StoreChange change) {
  ASSIGN_OR_RETURN(KnownHost * host, Require(name));
  if (host->connected) {
    return absl::FailedPreconditionError(absl::StrCat(
        "host ", name, " is connected from ", host->peer,
        "; stop its agent first, else it would come back at once"));
  }
  change.gone_hosts.push_back(name);
  RETURN_IF_ERROR(store_.Save(change));
  hosts_.erase(name);
  return absl::OkStatus();
}

const KnownHost* HostRegistry::Find(const std::string& name) const {
  auto found = hosts_.find(name);
  return found == hosts_.end() ? nullptr : &found->second;
}

bool HostRegistry::IsConnected(const std::string& name) const {
  const KnownHost* host = Find(name);
  return host != nullptr && host->connected;
}

std::string HostRegistry::ConflictOf(const KnownHost& host) const {
  return clock_.Now() < host.conflict_until ? host.conflict : "";
}

std::vector<std::string> HostRegistry::Select(
    const std::vector<HostSelector>& selectors) const {
  std::vector<std::string> names;
  for (const auto& [name, host] : hosts_) {
    const bool picked =
        std::all_of(selectors.begin(), selectors.end(),
                    [&name = name, &host = host](const HostSelector& s) {
                      return s.Matches(name, host.record.labels);
                    });
    if (picked) names.push_back(name);
  }
  return names;
}

std::string HostRegistry::Describe() const {
  if (hosts_.empty()) return "none; no agent has ever connected";
  std::vector<std::string> first;
  for (const auto& [name, host] : hosts_) {
    if (first.size() == kHostsInError) break;
    first.push_back(name);
  }
  std::string text = absl::StrJoin(first, ", ");
  if (hosts_.size() > first.size()) {
    absl::StrAppend(&text, ", … (", hosts_.size(), " in all)");
  }
  return text;
}

}  // namespace fleet::controller
