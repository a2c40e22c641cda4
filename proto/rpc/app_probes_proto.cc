#include "proto/rpc/app_probes_proto.h"

#include "proto/rpc/proto_time.h"

namespace fleet {
namespace {

// What both messages have, in both structs. Durations of which zero is the
// default are written and read as they are.
template <typename Probes, typename Message>
void WriteProbes(const Probes& from, Message& to) {
  if (from.http.has_value()) {
    to.mutable_http()->set_port(from.http->port);
    to.mutable_http()->set_path(from.http->path);
    to.mutable_http()->set_status(from.http->status);
  }
  if (from.tcp.has_value()) to.mutable_tcp()->set_port(from.tcp->port);
  if (from.grpc.has_value()) {
    to.mutable_grpc()->set_port(from.grpc->port);
    to.mutable_grpc()->set_service(from.grpc->service);
  }
  if (from.exec.has_value()) {
    to.mutable_exec()->mutable_command()->Add(from.exec->command.begin(),
                                              from.exec->command.end());
  }
  *to.mutable_interval() = ToProtoDuration(from.interval);
  *to.mutable_probe_timeout() = ToProtoDuration(from.probe_timeout);
  *to.mutable_initial_delay() = ToProtoDuration(from.initial_delay);
  to.set_success_threshold(from.success_threshold);
  to.set_failure_threshold(from.failure_threshold);
}

template <typename Message, typename Probes>
void ReadProbes(const Message& from, Probes& to) {
  if (from.has_http()) {
    to.http = HttpProbe{from.http().port(), "/", from.http().status()};
    if (!from.http().path().empty()) to.http->path = from.http().path();
  }
  if (from.has_tcp()) to.tcp = TcpProbe{from.tcp().port()};
  if (from.has_grpc()) {
    to.grpc = GrpcProbe{from.grpc().port(), from.grpc().service()};
  }
  if (from.has_exec()) {
    to.exec.emplace().command.assign(from.exec().command().begin(),
                                     from.exec().command().end());
  }
  if (from.has_interval()) to.interval = FromProto(from.interval());
  if (from.has_probe_timeout()) {
    to.probe_timeout = FromProto(from.probe_timeout());
  }
  to.initial_delay = FromProto(from.initial_delay());
  if (from.success_threshold() != 0) {
    to.success_threshold = from.success_threshold();
  }
  if (from.failure_threshold() != 0) {
    to.failure_threshold = from.failure_threshold();
  }
}

}  // namespace

v1::Readiness ToProto(const ReadinessGate& gate) {
  v1::Readiness to;
  to.set_wait_ready(gate.wait_ready);
  to.set_notify(gate.notify);
  *to.mutable_timeout() = ToProtoDuration(gate.timeout);
  WriteProbes(gate, to);
  return to;
}

ReadinessGate FromProto(const v1::Readiness& gate) {
  ReadinessGate to;
  to.wait_ready = gate.wait_ready();
  to.notify = gate.notify();
  if (gate.has_timeout()) to.timeout = FromProto(gate.timeout());
  ReadProbes(gate, to);
  return to;
}

v1::Liveness ToProto(const Liveness& liveness) {
  v1::Liveness to;
  *to.mutable_watchdog() = ToProtoDuration(liveness.watchdog);
  WriteProbes(liveness, to);
  return to;
}

Liveness FromProto(const v1::Liveness& liveness) {
  Liveness to;
  to.watchdog = FromProto(liveness.watchdog());
  ReadProbes(liveness, to);
  return to;
}

}  // namespace fleet
