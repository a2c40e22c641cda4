#include "proto/rpc/app_spec_proto.h"

#include "proto/rpc/app_limits_proto.h"
#include "proto/rpc/app_probes_proto.h"
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
  to.set_cron_restart(from.cron_restart);
  to.set_cron_time_zone(from.cron_time_zone);
  Set(from.cron_spread, to.mutable_cron_spread());
  to.set_cron_missed(from.cron_missed == CronMissed::kRun
                         ? v1::CRON_MISSED_RUN
                         : v1::CRON_MISSED_SKIP);
}

void Write(const WatchPolicy& from, v1::WatchPolicy& to) {
  to.mutable_paths()->Add(from.paths.begin(), from.paths.end());
  to.mutable_ignore()->Add(from.ignore.begin(), from.ignore.end());
  Set(from.delay, to.mutable_delay());
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
  to.set_log_file(from.log_file);
  to.set_date_format(from.date_format);
  to.set_json(from.json);
  to.set_compress(from.compress);
  Set(from.rotate_interval, to.mutable_rotate_interval());
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
  to.set_takeover(from.takeover);
}

void WriteProgram(const AppSpec& from, v1::AppSpec& to) {
  to.set_name(from.name);
  to.set_namespace_(from.app_namespace);
  to.set_script(from.script);
  to.mutable_args()->Add(from.args.begin(), from.args.end());
  to.set_interpreter(from.interpreter);
  to.mutable_interpreter_args()->Add(from.interpreter_args.begin(),
                                     from.interpreter_args.end());
  to.set_cwd(from.cwd);
  to.set_user(from.user);
  to.set_group(from.group);
  to.mutable_env()->insert(from.env.begin(), from.env.end());
  to.mutable_secrets()->insert(from.secrets.begin(), from.secrets.end());
  to.mutable_env_files()->Add(from.env_files.begin(), from.env_files.end());
  to.set_instance_var(from.instance_var);
  to.set_increment_var(from.increment_var);
  to.set_port(from.port);
  to.mutable_depends_on()->Add(from.depends_on.begin(), from.depends_on.end());
  to.set_autostart(from.autostart);
  to.set_pid_file(from.pid_file);
  to.set_stdin_pipe(from.stdin_pipe);
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
  to.cron_restart = from.cron_restart();
  to.cron_time_zone = from.cron_time_zone();
  to.cron_spread = FromProto(from.cron_spread());
  if (from.cron_missed() == v1::CRON_MISSED_RUN) {
    to.cron_missed = CronMissed::kRun;
  }
  return to;
}

WatchPolicy Read(const v1::WatchPolicy& from) {
  WatchPolicy to;
  to.paths.assign(from.paths().begin(), from.paths().end());
  to.ignore.assign(from.ignore().begin(), from.ignore().end());
  Get(from.has_delay(), from.delay(), &to.delay);
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
  to.log_file = from.log_file();
  to.date_format = from.date_format();
  to.json = from.json();
  to.compress = from.compress();
  to.rotate_interval = FromProto(from.rotate_interval());
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
  to.secrets = {from.secrets().begin(), from.secrets().end()};
  to.env_files.assign(from.env_files().begin(), from.env_files().end());
  to.depends_on.assign(from.depends_on().begin(), from.depends_on().end());
  if (from.has_autostart()) to.autostart = from.autostart();
  to.pid_file = from.pid_file();
  to.stdin_pipe = from.stdin_pipe();
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
  to.takeover = from.takeover();
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
  WriteProgram(spec, to);
  WriteInstances(spec, to);
  Write(spec.restart, *to.mutable_restart());
  *to.mutable_readiness() = ToProto(spec.readiness);
  *to.mutable_liveness() = ToProto(spec.liveness);
  Write(spec.stop, *to.mutable_stop());
  Write(spec.logs, *to.mutable_logs());
  Write(spec.watch, *to.mutable_watch());
  *to.mutable_limits() = ToProto(spec.limits);
  *to.mutable_hardening() = ToProto(spec.hardening);
  *to.mutable_rollout() = ToProto(spec.rollout);
  to.set_hosts(spec.hosts);
  return to;
}

AppSpec FromProto(const v1::AppSpec& spec) {
  AppSpec to;
  ReadProgram(spec, to);
  ReadInstances(spec, to);
  to.restart = Read(spec.restart());
  to.readiness = FromProto(spec.readiness());
  to.liveness = FromProto(spec.liveness());
  to.stop = Read(spec.stop());
  to.logs = Read(spec.logs());
  to.watch = Read(spec.watch());
  to.limits = FromProto(spec.limits());
  to.hardening = FromProto(spec.hardening());
  to.rollout = FromProto(spec.rollout());
  Get(spec.hosts(), &to.hosts);
  ApplyDefaults(to);
  return to;
}

}  // namespace fleet
