#include "controller/store/host_proto.h"

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
  return host;
}

}  // namespace fleet::controller
