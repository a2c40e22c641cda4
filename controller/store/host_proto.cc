#include "controller/store/host_proto.h"

#include "proto/rpc/proto_time.h"

namespace fleet::controller {

v1::Host ToProto(const HostRecord& host) {
  v1::Host message;
  message.set_name(host.name);
  message.mutable_labels()->insert(host.labels.begin(), host.labels.end());
  message.mutable_agent_labels()->insert(host.agent_labels.begin(),
                                         host.agent_labels.end());
  message.mutable_assigned_labels()->insert(host.assigned_labels.begin(),
                                            host.assigned_labels.end());
  message.set_agent_version(host.agent_version);
  message.set_keeper_version(host.keeper_version);
  message.set_kernel(host.kernel);
  message.set_cores(host.cores);
  message.set_memory_bytes(host.memory_bytes);
  message.set_bind_address(host.bind_address);
  message.set_host_uid(host.host_uid);
  message.set_boot_id(host.boot_id);
  if (host.cordon.has_value()) {
    v1::Cordon& cordon = *message.mutable_cordon();
    cordon.set_drained(host.cordon->drained);
    cordon.set_reason(host.cordon->reason);
    cordon.set_actor(host.cordon->actor);
    *cordon.mutable_time() = ToProtoTimestamp(host.cordon->time);
  }
  return message;
}

HostRecord FromProto(const v1::Host& message) {
  HostRecord host;
  host.name = message.name();
  host.labels.insert(message.labels().begin(), message.labels().end());
  host.agent_labels.insert(message.agent_labels().begin(),
                           message.agent_labels().end());
  host.assigned_labels.insert(message.assigned_labels().begin(),
                              message.assigned_labels().end());
  host.agent_version = message.agent_version();
  host.keeper_version = message.keeper_version();
  host.kernel = message.kernel();
  host.cores = message.cores();
  host.memory_bytes = message.memory_bytes();
  host.bind_address = message.bind_address();
  host.host_uid = message.host_uid();
  host.boot_id = message.boot_id();
  if (message.has_cordon()) {
    const v1::Cordon& cordon = message.cordon();
    host.cordon = Cordon{cordon.drained(), cordon.reason(), cordon.actor(),
                         fleet::FromProto(cordon.time())};
  }
  return host;
}

}  // namespace fleet::controller
