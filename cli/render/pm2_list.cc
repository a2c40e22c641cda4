#include "cli/render/pm2_list.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "proto/rpc/proto_time.h"

namespace fleet::cli {
namespace {

using Json = nlohmann::ordered_json;

const char* StatusWord(v1::InstanceState state) {
  switch (state) {
    case v1::INSTANCE_STATE_STARTING:
    case v1::INSTANCE_STATE_UNREADY:
      return "launching";
    case v1::INSTANCE_STATE_ONLINE:
      return "online";
    case v1::INSTANCE_STATE_STOPPING:
      return "stopping";
    case v1::INSTANCE_STATE_STOPPED:
    case v1::INSTANCE_STATE_EXITED:
      return "stopped";
    case v1::INSTANCE_STATE_BACKOFF:
      return "waiting restart";
    case v1::INSTANCE_STATE_CRASH_LOOP:
      return "errored";
    case v1::INSTANCE_STATE_UNSPECIFIED:
    case v1::InstanceState_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::InstanceState_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return "unknown";
}

int64_t Millis(bool is_set, const google::protobuf::Timestamp& time) {
  return is_set ? absl::ToUnixMillis(FromProto(time)) : 0;
}

Json WordList(const google::protobuf::RepeatedPtrField<std::string>& words) {
  Json list = Json::array();
  for (const std::string& word : words) list.push_back(word);
  return list;
}

Json EnvJson(const v1::AppSpec& spec) {
  // Sorted: a map's own order is not stable.
  nlohmann::json env = nlohmann::json::object();
  for (const auto& [name, value] : spec.env()) env[name] = value;
  return Json(env);
}

Json Pm2Env(const v1::App& app, const v1::HostApp& host,
            const v1::Instance& instance) {
  const v1::AppSpec& spec = app.spec();
  Json env = Json::object();
  env["name"] = app.name();
  env["namespace"] = app.namespace_();
  env["status"] = host.connected() ? StatusWord(instance.state()) : "stale";
  env["pm_id"] = app.id();
  env["restart_time"] = instance.restarts();
  env["unstable_restarts"] = instance.unstable_exits();
  if (instance.has_last_exit_code()) {
    env["exit_code"] = instance.last_exit_code();
  }
  env["pm_uptime"] = Millis(instance.has_start_time(), instance.start_time());
  env["created_at"] = Millis(app.has_create_time(), app.create_time());
  env["instances"] = host.status().desired_instances();
  env["exec_mode"] =
      spec.exec_mode() == v1::EXEC_MODE_CLUSTER ? "cluster_mode" : "fork_mode";
  env["exec_interpreter"] = spec.interpreter();
  env["pm_exec_path"] = spec.script().empty() || spec.script()[0] == '/'
                            ? spec.script()
                            : absl::StrCat(spec.cwd(), "/", spec.script());
  env["pm_cwd"] = spec.cwd();
  env["args"] = WordList(spec.args());
  env["node_args"] = WordList(spec.interpreter_args());
  env["instance_var"] = spec.instance_var();
  if (!spec.instance_var().empty()) env[spec.instance_var()] = instance.slot();
  env["username"] = spec.user();
  env["autorestart"] =
      !spec.restart().has_autorestart() || spec.restart().autorestart();
  env["merge_logs"] = spec.logs().merge();
  env["pm_out_log_path"] = spec.logs().out_file();
  env["pm_err_log_path"] = spec.logs().error_file();
  env["env"] = EnvJson(spec);
  return env;
}

Json Worker(const v1::App& app, const v1::HostApp& host,
            const v1::Instance& instance) {
  Json worker = Json::object();
  worker["pid"] = instance.pid();
  worker["name"] = app.name();
  worker["pm_id"] = app.id();
  worker["monit"]["memory"] = instance.rss_bytes();
  worker["monit"]["cpu"] = std::round(instance.cpu_cores() * 1000) / 10;
  worker["pm2_env"] = Pm2Env(app, host, instance);
  worker["fleet"] = {
      {"host", host.host()},
      {"instance", absl::StrCat(app.name(), ".", instance.slot())},
      {"connected", host.connected()},
      {"state", v1::InstanceState_Name(instance.state())},
      {"generation", instance.generation()},
      {"revision", instance.revision()},
      {"worker_id", instance.worker_id()}};
  return worker;
}

}  // namespace

std::string Pm2List(const v1::ListAppsResponse& apps, int indent) {
  Json list = Json::array();
  for (const v1::App& app : apps.apps()) {
    for (const v1::HostApp& host : app.hosts()) {
      for (const v1::Instance& instance : host.status().instances()) {
        list.push_back(Worker(app, host, instance));
      }
    }
  }
  return list.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fleet::cli
