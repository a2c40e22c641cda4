// How workers are found ready, and alive.
#include <string_view>

#include "cli/spec_file/field_access.h"

namespace fleet::cli {
namespace {

// What the probes of readiness and of liveness have in common.
constexpr Field HttpPort(std::string_view name) {
  return {.name = name,
          .type = FieldType::kInteger,
          .explanation = "Port that is asked over HTTP.",
          .least = "1",
          .most = "65535",
          .unset = "it must be set when another field of http is",
          .example = "8080"};
}

constexpr Field HttpPath(std::string_view name) {
  return {.name = name,
          .type = FieldType::kText,
          .explanation = "Path that is asked over HTTP.",
          .unset = "/",
          .example = "/health"};
}

constexpr Field TcpPort(std::string_view name) {
  return {.name = name,
          .type = FieldType::kInteger,
          .explanation = "Port that must accept a connection.",
          .least = "1",
          .most = "65535",
          .unset = "no such probe",
          .example = "8080"};
}

constexpr Field GrpcPort(std::string_view name) {
  return {.name = name,
          .type = FieldType::kInteger,
          .explanation = "Port whose gRPC health service must say SERVING.",
          .least = "1",
          .most = "65535",
          .unset = "no such probe",
          .example = "50051"};
}

constexpr Field GrpcService(std::string_view name) {
  return {.name = name,
          .type = FieldType::kText,
          .explanation = "Service that is asked about.",
          .unset = "the server as a whole",
          .example = "shop.Cart"};
}

constexpr Field ExecCommand(std::string_view name) {
  return {.name = name,
          .type = FieldType::kWords,
          .explanation =
              "Command that must exit with 0, run as the worker is: as its "
              "user, in its cwd, with its hardening and limits; no shell runs "
              "it.",
          .unset = "no such probe",
          .example = "[curl, -fs, localhost:8080]"};
}

constexpr Field kProbeFields[] = {
    At<&AppSpec::readiness, &ReadinessGate::wait_ready>(
        {.name = "wait_ready",
         .aliases = "readiness.wait_ready",
         .type = FieldType::kBool,
         .explanation =
             "Node: a worker is ready when it calls process.send('ready').",
         .pm2 = "wait_ready",
         .path = "readiness.wait_ready",
         .example = "true"}),
    At<&AppSpec::readiness, &ReadinessGate::timeout>(
        {.name = "listen_timeout",
         .aliases = "readiness.timeout",
         .type = FieldType::kDuration,
         .explanation = "Time from start to ready, after which the worker has "
                        "failed; PM2 takes it for ready instead.",
         .pm2 = "listen_timeout",
         .path = "readiness.timeout",
         .least = "1ms",
         .most = "24h",
         .example = "8s"}),
    At<&AppSpec::readiness, &ReadinessGate::notify>(
        {.name = "readiness.notify",
         .type = FieldType::kBool,
         .explanation = "A worker is ready when it sends READY=1 (sd_notify).",
         .example = "true"}),
    At<&AppSpec::readiness, &ReadinessGate::http, &HttpProbe::port>(
        HttpPort("readiness.http.port")),
    At<&AppSpec::readiness, &ReadinessGate::http, &HttpProbe::path>(
        HttpPath("readiness.http.path")),
    At<&AppSpec::readiness, &ReadinessGate::http, &HttpProbe::status>(
        {.name = "readiness.http.status",
         .type = FieldType::kInteger,
         .explanation = "Status that means ready; 0: any of 200 to 399.",
         .least = "100",
         .most = "599",
         .unset = "any of 200 to 399",
         .example = "204"}),
    At<&AppSpec::readiness, &ReadinessGate::tcp, &TcpProbe::port>(
        TcpPort("readiness.tcp.port")),
    At<&AppSpec::readiness, &ReadinessGate::grpc, &GrpcProbe::port>(
        GrpcPort("readiness.grpc.port")),
    At<&AppSpec::readiness, &ReadinessGate::grpc, &GrpcProbe::service>(
        GrpcService("readiness.grpc.service")),
    At<&AppSpec::readiness, &ReadinessGate::exec, &ExecProbe::command>(
        ExecCommand("readiness.exec.command")),
    At<&AppSpec::readiness, &ReadinessGate::interval>(
        {.name = "readiness.interval",
         .type = FieldType::kDuration,
         .explanation = "Time between two probes.",
         .least = "0s",
         .most = "24h",
         .unset = "200ms until ready, then 5s",
         .example = "1s"}),
    At<&AppSpec::readiness, &ReadinessGate::probe_timeout>(
        {.name = "readiness.probe_timeout",
         .type = FieldType::kDuration,
         .explanation = "Time one probe may take.",
         .least = "1ms",
         .most = "10m",
         .example = "2s"}),
    At<&AppSpec::readiness, &ReadinessGate::initial_delay>(
        {.name = "readiness.initial_delay",
         .type = FieldType::kDuration,
         .explanation = "Wait before the first probe; part of listen_timeout.",
         .least = "0s",
         .most = "24h",
         .example = "2s"}),
    At<&AppSpec::readiness, &ReadinessGate::success_threshold>(
        {.name = "readiness.success_threshold",
         .type = FieldType::kInteger,
         .explanation = "Good probes in a row that make a worker ready.",
         .least = "1",
         .most = "100",
         .example = "2"}),
    At<&AppSpec::readiness, &ReadinessGate::failure_threshold>(
        {.name = "readiness.failure_threshold",
         .type = FieldType::kInteger,
         .explanation = "Bad probes in a row that make it not ready.",
         .least = "1",
         .most = "100",
         .example = "5"}),
    At<&AppSpec::liveness, &Liveness::http, &HttpProbe::port>(
        HttpPort("liveness.http.port")),
    At<&AppSpec::liveness, &Liveness::http, &HttpProbe::path>(
        HttpPath("liveness.http.path")),
    At<&AppSpec::liveness, &Liveness::http, &HttpProbe::status>(
        {.name = "liveness.http.status",
         .type = FieldType::kInteger,
         .explanation = "Status that means alive; 0: any of 200 to 399.",
         .least = "100",
         .most = "599",
         .unset = "any of 200 to 399",
         .example = "204"}),
    At<&AppSpec::liveness, &Liveness::tcp, &TcpProbe::port>(
        TcpPort("liveness.tcp.port")),
    At<&AppSpec::liveness, &Liveness::grpc, &GrpcProbe::port>(
        GrpcPort("liveness.grpc.port")),
    At<&AppSpec::liveness, &Liveness::grpc, &GrpcProbe::service>(
        GrpcService("liveness.grpc.service")),
    At<&AppSpec::liveness, &Liveness::exec, &ExecProbe::command>(
        ExecCommand("liveness.exec.command")),
    At<&AppSpec::liveness, &Liveness::watchdog>(
        {.name = "liveness.watchdog",
         .type = FieldType::kDuration,
         .explanation = "The worker must send WATCHDOG=1 (sd_notify) at least "
                        "this often; 0s: it need not.",
         .least = "100ms",
         .most = "24h",
         .unset = "it need not",
         .example = "20s"}),
    At<&AppSpec::liveness, &Liveness::interval>(
        {.name = "liveness.interval",
         .type = FieldType::kDuration,
         .explanation = "Time between two probes.",
         .least = "10ms",
         .most = "24h",
         .example = "5s"}),
    At<&AppSpec::liveness, &Liveness::probe_timeout>(
        {.name = "liveness.probe_timeout",
         .aliases = "liveness.timeout",
         .type = FieldType::kDuration,
         .explanation = "Time one probe may take.",
         .least = "1ms",
         .most = "10m",
         .example = "2s"}),
    At<&AppSpec::liveness, &Liveness::initial_delay>(
        {.name = "liveness.initial_delay",
         .type = FieldType::kDuration,
         .explanation = "From ready to the first probe.",
         .least = "0s",
         .most = "24h",
         .example = "30s"}),
    At<&AppSpec::liveness, &Liveness::success_threshold>(
        {.name = "liveness.success_threshold",
         .type = FieldType::kInteger,
         .explanation = "Good probes in a row that end a series of bad ones.",
         .least = "1",
         .most = "100",
         .example = "2"}),
    At<&AppSpec::liveness, &Liveness::failure_threshold>(
        {.name = "liveness.failure_threshold",
         .type = FieldType::kInteger,
         .explanation = "Bad probes in a row after which a worker is killed "
                        "and started again.",
         .least = "1",
         .most = "100",
         .example = "5"}),
};

}  // namespace

std::span<const Field> ProbeFields() { return kProbeFields; }

}  // namespace fleet::cli
