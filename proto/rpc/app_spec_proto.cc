#include "proto/rpc/app_spec_proto.h"

#include "proto/rpc/proto_time.h"

namespace fleet {
namespace {

// ------------------------------------------------------------ to the message

void Set(absl::Duration from, google::protobuf::Duration* to) {
  *to = ToProtoDuration(from);
}

void Write(const RestartPolicy& from, v1::RestartPolicy& to) {
  to.set_autorestart(from.autorestart);
  Set(from.min_uptime, to.mutable_min_uptime());
  to.set_max_restarts(from.max_restarts);
  Set(from.restart_delay, to.mutable_restart_delay());
  Set(from.exp_backoff_restart_delay, to.mutable_exp_backoff_restart_delay());
  to.mutable_stop_exit_codes()->Add(from.stop_exit_codes.begin(),
                                    from.stop_exit_codes.end());
  to.set_max_memory_bytes(from.max_memory_bytes);
}

void Write(const ReadinessGate& from, v1::Readiness& to) {
  to.set_wait_ready(from.wait_ready);
  to.set_notify(from.notify);
  if (from.http.has_value()) {
    to.mutable_http()->set_port(from.http->port);
    to.mutable_http()->set_path(from.http->path);
    to.mutable_http()->set_status(from.http->status);
  }
  if (from.tcp.has_value()) to.mutable_tcp()->set_port(from.tcp->port);
  Set(from.timeout, to.mutable_timeout());
  Set(from.interval, to.mutable_interval());
  Set(from.probe_timeout, to.mutable_probe_timeout());
  to.set_success_threshold(from.success_threshold);
  to.set_failure_threshold(from.failure_threshold);
}

void Write(const StopPolicy& from, v1::StopPolicy& to) {
  Set(from.kill_timeout, to.mutable_kill_timeout());
  to.set_signal(from.signal);
  to.set_shutdown_with_message(from.shutdown_with_message);
  to.set_treekill(from.treekill);
}

void Write(const LogPolicy& from, v1::LogPolicy& to) {
  to.set_out_file(from.out_file);
  to.set_error_file(from.error_file);
  to.set_merge(from.merge);
  to.set_max_size_bytes(from.max_size_bytes);
  to.set_max_files(from.max_files);
  to.set_disabled(from.disabled);
}

void WriteInstances(const AppSpec& from, v1::AppSpec& to) {
  to.set_instances(from.instances);
  to.set_exec_mode(from.exec_mode == ExecMode::kCluster ? v1::EXEC_MODE_CLUSTER
                                                        : v1::EXEC_MODE_FORK);
  to.mutable_listen()->Add(from.listen.begin(), from.listen.end());
  to.set_socket_sharing(from.socket_sharing == SocketSharing::kShared
                            ? v1::SOCKET_SHARING_SHARED
                            : v1::SOCKET_SHARING_SLOT);
  to.set_reload_strategy(ToProto(from.reload_strategy));
  to.set_graceful_drain(from.graceful_drain);
}

// ---------------------------------------------------------- from the message

// Leaves the default where the message has none.
void Get(bool is_set, const google::protobuf::Duration& from,
         absl::Duration* to) {
  if (is_set) *to = FromProto(from);
}

void Get(const std::string& from, std::string* to) {
  if (!from.empty()) *to = from;
}

RestartPolicy Read(const v1::RestartPolicy& from) {
  RestartPolicy to;
  if (from.has_autorestart()) to.autorestart = from.autorestart();
  Get(from.has_min_uptime(), from.min_uptime(), &to.min_uptime);
  if (from.has_max_restarts()) to.max_restarts = from.max_restarts();
  to.restart_delay = FromProto(from.restart_delay());
  to.exp_backoff_restart_delay = FromProto(from.exp_backoff_restart_delay());
  to.stop_exit_codes.assign(from.stop_exit_codes().begin(),
                            from.stop_exit_codes().end());
  to.max_memory_bytes = from.max_memory_bytes();
  return to;
}

ReadinessGate Read(const v1::Readiness& from) {
  ReadinessGate to;
  to.wait_ready = from.wait_ready();
  to.notify = from.notify();
  if (from.has_http()) {
    to.http = HttpProbe{from.http().port(), "/", from.http().status()};
    Get(from.http().path(), &to.http->path);
  }
  if (from.has_tcp()) to.tcp = TcpProbe{from.tcp().port()};
  Get(from.has_timeout(), from.timeout(), &to.timeout);
  to.interval = FromProto(from.interval());
  Get(from.has_probe_timeout(), from.probe_timeout(), &to.probe_timeout);
  if (from.success_threshold() != 0) {
    to.success_threshold = from.success_threshold();
  }
  if (from.failure_threshold() != 0) {
    to.failure_threshold = from.failure_threshold();
  }
  return to;
}

StopPolicy Read(const v1::StopPolicy& from) {
  StopPolicy to;
  Get(from.has_kill_timeout(), from.kill_timeout(), &to.kill_timeout);
  Get(from.signal(), &to.signal);
  to.shutdown_with_message = from.shutdown_with_message();
  if (from.has_treekill()) to.treekill = from.treekill();
  return to;
}

LogPolicy Read(const v1::LogPolicy& from) {
  LogPolicy to;
  to.out_file = from.out_file();
  to.error_file = from.error_file();
  to.merge = from.merge();
  if (from.max_size_bytes() != 0) to.max_size_bytes = from.max_size_bytes();
  if (from.has_max_files()) to.max_files = from.max_files();
  to.disabled = from.disabled();
  return to;
}

void ReadProgram(const v1::AppSpec& from, AppSpec& to) {
  to.name = from.name();
  Get(from.namespace_(), &to.app_namespace);
  to.script = from.script();
  to.args.assign(from.args().begin(), from.args().end());
  to.interpreter = from.interpreter();
  to.interpreter_args.assign(from.interpreter_args().begin(),
                             from.interpreter_args().end());
  to.cwd = from.cwd();
  to.user = from.user();
  to.group = from.group();
  to.env = {from.env().begin(), from.env().end()};
  Get(from.instance_var(), &to.instance_var);
  to.increment_var = from.increment_var();
  to.port = from.port();
}

void ReadInstances(const v1::AppSpec& from, AppSpec& to) {
  if (from.has_instances()) to.instances = from.instances();
  if (from.exec_mode() == v1::EXEC_MODE_CLUSTER) {
    to.exec_mode = ExecMode::kCluster;
  }
  to.listen.assign(from.listen().begin(), from.listen().end());
  if (from.socket_sharing() == v1::SOCKET_SHARING_SHARED) {
    to.socket_sharing = SocketSharing::kShared;
  }
  to.reload_strategy = FromProto(from.reload_strategy());
  if (from.has_graceful_drain()) to.graceful_drain = from.graceful_drain();
}

}  // namespace

v1::ReloadStrategy ToProto(ReloadStrategy strategy) {
  switch (strategy) {
    case ReloadStrategy::kDefault:
      return v1::RELOAD_STRATEGY_UNSPECIFIED;
    case ReloadStrategy::kSurge:
      return v1::RELOAD_STRATEGY_SURGE;
    case ReloadStrategy::kStopFirst:
      return v1::RELOAD_STRATEGY_STOP_FIRST;
  }
  return v1::RELOAD_STRATEGY_UNSPECIFIED;
}

ReloadStrategy FromProto(v1::ReloadStrategy strategy) {
  if (strategy == v1::RELOAD_STRATEGY_SURGE) return ReloadStrategy::kSurge;
  if (strategy == v1::RELOAD_STRATEGY_STOP_FIRST) {
    return ReloadStrategy::kStopFirst;
  }
  return ReloadStrategy::kDefault;
}

v1::AppSpec ToProto(const AppSpec& spec) {
  v1::AppSpec to;
  to.set_name(spec.name);
  to.set_namespace_(spec.app_namespace);
  to.set_script(spec.script);
  to.mutable_args()->Add(spec.args.begin(), spec.args.end());
  to.set_interpreter(spec.interpreter);
  to.mutable_interpreter_args()->Add(spec.interpreter_args.begin(),
                                     spec.interpreter_args.end());
  to.set_cwd(spec.cwd);
  to.set_user(spec.user);
  to.set_group(spec.group);
  WriteInstances(spec, to);
  to.mutable_env()->insert(spec.env.begin(), spec.env.end());
  to.set_instance_var(spec.instance_var);
  to.set_increment_var(spec.increment_var);
  Write(spec.restart, *to.mutable_restart());
  Write(spec.readiness, *to.mutable_readiness());
  Write(spec.stop, *to.mutable_stop());
  Write(spec.logs, *to.mutable_logs());
  *to.mutable_rollout() = ToProto(spec.rollout);
  to.set_hosts(spec.hosts);
  to.set_port(spec.port);
  return to;
}

AppSpec FromProto(const v1::AppSpec& spec) {
  AppSpec to;
  ReadProgram(spec, to);
  ReadInstances(spec, to);
  to.restart = Read(spec.restart());
  to.readiness = Read(spec.readiness());
  to.stop = Read(spec.stop());
  to.logs = Read(spec.logs());
  to.rollout = FromProto(spec.rollout());
  Get(spec.hosts(), &to.hosts);
  ApplyDefaults(to);
  return to;
}

}  // namespace fleet
