#include "controller/app_view.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "controller/store/host_proto.h"
#include "controller/target_proto.h"
#include "proto/rpc/app_spec_proto.h"
#include "proto/rpc/proto_time.h"

namespace fleet::controller {

v1::App AppView::App(const AppEntry& app, const AppParts& parts) const {
  const AppRecord& record = app.record;
  v1::App message;
  message.set_name(record.name);
  message.set_uid(record.uid);
  message.set_id(record.id);
  message.set_namespace_(record.spec.app_namespace);
  message.set_run_state(ToProto(AppRegistry::RunStateOf(app)));
  message.set_revision(record.revision);
  message.set_proven_revision(record.proven_revision);
  if (parts.spec) *message.mutable_spec() = fleet::ToProto(record.spec);
  message.set_etag(absl::StrCat(record.uid, ".", record.version));
  message.mutable_placement()->Add(record.placement.begin(),
                                   record.placement.end());
  *message.mutable_create_time() = ToProtoTimestamp(record.create_time);
  *message.mutable_update_time() = ToProtoTimestamp(record.update_time);
  message.set_active_rollout_uid(driver_.ActiveRolloutOf(record.name));
  auto newest = app.revisions.find(record.revision);
  if (newest != app.revisions.end()) {
    message.set_revision_hash(newest->second->hash);
  }
  if (!parts.hosts) return message;
  // Those that should run it, and those that still do.
  std::set<std::string> hosts;
  for (const auto& [host, target] : app.targets) hosts.insert(host);
  for (std::string& host : state_.ReportersOf(record.uid)) {
    hosts.insert(std::move(host));
  }
  for (const std::string& host : hosts) {
    if (!Picks(parts.selector, host) || !parts.caller.SeesHost(host)) continue;
    *message.add_hosts() = HostApp(record.uid, host);
  }
  return message;
}

bool AppView::Picks(const HostSelector& selector,
                    const std::string& host) const {
  if (selector.MatchesAll()) return true;
  const KnownHost* known = hosts_.Find(host);
  return selector.Matches(
      host, known == nullptr ? HostLabels() : known->record.labels);
}

v1::HostApp AppView::HostApp(const std::string& app_uid,
                             const std::string& host) const {
  v1::HostApp message;
  message.set_host(host);
  message.set_connected(hosts_.IsConnected(host));
  const KnownHost* known = hosts_.Find(host);
  if (known != nullptr && known->record.cordon.has_value()) {
    *message.mutable_cordon() = ToProto(known->record).cordon();
  }
  if (const ObservedApp* observed = state_.Find(host, app_uid)) {
    *message.mutable_status() = observed->status;
    *message.mutable_observe_time() = ToProtoTimestamp(observed->observe_time);
  }
  const HostTarget* target = registry_.FindTarget(app_uid, host);
  if (target == nullptr) return message;
  message.set_target_revision(target->revision);
  message.set_target_generation(target->generation);
  message.set_target_serial(target->serial);
  message.set_refusal(state_.RefusalOf(*target));
  return message;
}

v1::Host AppView::Host(const KnownHost& host, const CallerView& caller) const {
  const std::string& name = host.record.name;
  v1::Host message = ToProto(host.record);
  const std::string conflict = hosts_.ConflictOf(host);
  if (!conflict.empty()) {
    message.set_state(v1::HOST_STATE_CONFLICT);
    message.set_reason(conflict);
  } else if (host.connected) {
    message.set_state(v1::HOST_STATE_CONNECTED);
  } else {
    message.set_state(v1::HOST_STATE_DISCONNECTED);
    message.set_reason("no session; its workers go on by themselves");
  }
  if (host.connected && host.clock_skew) {
    *message.mutable_clock_skew() = ToProtoDuration(*host.clock_skew);
  }
  *message.mutable_last_seen_time() = ToProtoTimestamp(host.record.last_seen);
  if (host.connected) {
    *message.mutable_connect_time() = ToProtoTimestamp(host.connect_time);
    message.set_peer(host.peer);
  }
  if (const v1::HostUsage* usage = state_.UsageOf(name)) {
    *message.mutable_usage() = *usage;
  }
  const InstanceCounts counts =
      state_.CountOn(name, [this, &caller](const std::string& uid) {
        if (caller.unlimited()) return true;
        const AppEntry* app = registry_.FindByUid(uid);
        return app != nullptr && caller.SeesApp(app->record.name);
      });
  message.set_instances(counts.total);
  message.set_instances_ready(counts.ready);
  return message;
}

}  // namespace fleet::controller
