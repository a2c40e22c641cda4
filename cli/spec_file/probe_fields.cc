// How workers are found ready, and alive.
#include "cli/spec_file/field.h"

namespace fleet::cli {
namespace {

constexpr Support kNow = Support::kInForce;

// A probe is there once one of its fields is.
template <typename Probe>
Probe& Made(std::optional<Probe>& probe) {
  if (!probe.has_value()) probe.emplace();
  return *probe;
}

constexpr Field kFields[] = {
    {"wait_ready", "readiness.wait_ready", FieldType::kBool, "",
     [](AppSpec& s, const FieldValue& v) {
       s.readiness.wait_ready = v.boolean;
     },
     kNow, "Node: a worker is ready when it calls process.send('ready')."},
    {"listen_timeout", "readiness.timeout", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) { s.readiness.timeout = v.duration; },
     kNow,
     "Time from start to ready, after which the worker has failed. Default: "
     "60s."},
    {"readiness.notify", "", FieldType::kBool, "",
     [](AppSpec& s, const FieldValue& v) { s.readiness.notify = v.boolean; },
     kNow, "A worker is ready when it sends READY=1 (sd_notify)."},
    {"readiness.http.port", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       Made(s.readiness.http).port = static_cast<int>(v.integer);
     },
     kNow, "Port that is asked over HTTP."},
    {"readiness.http.path", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) {
       Made(s.readiness.http).path = v.text;
     },
     kNow, "Path that is asked over HTTP. Default: /."},
    {"readiness.http.status", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       Made(s.readiness.http).status = static_cast<int>(v.integer);
     },
     kNow, "Status that means ready. Default: any of 200 to 399."},
    {"readiness.tcp.port", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       s.readiness.tcp = TcpProbe{static_cast<int>(v.integer)};
     },
     kNow, "Port that must accept a connection."},
    {"readiness.interval", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) { s.readiness.interval = v.duration; },
     kNow, "Time between two probes. Default: 200ms until ready, then 5s."},
    {"readiness.probe_timeout", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) {
       s.readiness.probe_timeout = v.duration;
     },
     kNow, "Time one probe may take. Default: 1s."},
    {"readiness.success_threshold", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       s.readiness.success_threshold = static_cast<int>(v.integer);
     },
     kNow, "Good probes in a row that make a worker ready. Default: 1."},
    {"readiness.failure_threshold", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       s.readiness.failure_threshold = static_cast<int>(v.integer);
     },
     kNow, "Bad probes in a row that make it not ready. Default: 3."},
    {"readiness.grpc.port", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       Made(s.readiness.grpc).port = static_cast<int>(v.integer);
     },
     kNow, "Port whose gRPC health service must say SERVING."},
    {"readiness.grpc.service", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) {
       Made(s.readiness.grpc).service = v.text;
     },
     kNow, "Service that is asked about. Default: the server as a whole."},
    {"readiness.exec.command", "", FieldType::kWords, "",
     [](AppSpec& s, const FieldValue& v) {
       Made(s.readiness.exec).command = v.texts;
     },
     kNow, "Command that must exit with 0; no shell runs it."},
    {"readiness.initial_delay", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) {
       s.readiness.initial_delay = v.duration;
     },
     kNow, "Wait before the first probe. Default: 0s."},
    {"liveness.http.port", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       Made(s.liveness.http).port = static_cast<int>(v.integer);
     },
     kNow, "Port that is asked over HTTP."},
    {"liveness.http.path", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) {
       Made(s.liveness.http).path = v.text;
     },
     kNow, "Path that is asked over HTTP. Default: /."},
    {"liveness.http.status", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       Made(s.liveness.http).status = static_cast<int>(v.integer);
     },
     kNow, "Status that means alive. Default: any of 200 to 399."},
    {"liveness.tcp.port", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       Made(s.liveness.tcp).port = static_cast<int>(v.integer);
     },
     kNow, "Port that must accept a connection."},
    {"liveness.grpc.port", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       Made(s.liveness.grpc).port = static_cast<int>(v.integer);
     },
     kNow, "Port whose gRPC health service must say SERVING."},
    {"liveness.grpc.service", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) {
       Made(s.liveness.grpc).service = v.text;
     },
     kNow, "Service that is asked about. Default: the server as a whole."},
    {"liveness.exec.command", "", FieldType::kWords, "",
     [](AppSpec& s, const FieldValue& v) {
       Made(s.liveness.exec).command = v.texts;
     },
     kNow, "Command that must exit with 0; no shell runs it."},
    {"liveness.watchdog", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) { s.liveness.watchdog = v.duration; },
     kNow,
     "The worker must send WATCHDOG=1 (sd_notify) at least this often. "
     "Default: 0s, it need not."},
    {"liveness.interval", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) { s.liveness.interval = v.duration; },
     kNow, "Time between two probes. Default: 10s."},
    {"liveness.probe_timeout", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) {
       s.liveness.probe_timeout = v.duration;
     },
     kNow, "Time one probe may take. Default: 1s."},
    {"liveness.initial_delay", "", FieldType::kDuration, "",
     [](AppSpec& s, const FieldValue& v) {
       s.liveness.initial_delay = v.duration;
     },
     kNow, "From ready to the first probe. Default: 0s."},
    {"liveness.success_threshold", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       s.liveness.success_threshold = static_cast<int>(v.integer);
     },
     kNow, "Good probes in a row that end a series of bad ones. Default: 1."},
    {"liveness.failure_threshold", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       s.liveness.failure_threshold = static_cast<int>(v.integer);
     },
     kNow,
     "Bad probes in a row after which a worker is killed and started again. "
     "Default: 3."},
};

}  // namespace

std::span<const Field> ProbeFields() { return kFields; }

}  // namespace fleet::cli
