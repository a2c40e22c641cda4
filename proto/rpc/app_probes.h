// How workers of an app are found ready, and alive: the part of AppSpec that
// names probes. fleet/v1/app.proto says what each field means.
#ifndef FLEET_PROTO_RPC_APP_PROBES_H_
#define FLEET_PROTO_RPC_APP_PROBES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace fleet {

struct HttpProbe {
  int port = 0;
  std::string path = "/";
  int status = 0;  // 0: any of 200 to 399.
};

struct TcpProbe {
  int port = 0;
};

struct GrpcProbe {
  int port = 0;
  std::string service;  // Empty: the server as a whole.
};

struct ExecProbe {
  std::vector<std::string> command;
};

struct ReadinessGate {
  bool wait_ready = false;
  bool notify = false;
  std::optional<HttpProbe> http;
  std::optional<TcpProbe> tcp;
  absl::Duration timeout = absl::Seconds(60);
  absl::Duration interval;  // Zero: 0.2 s until ready, then 5 s.
  absl::Duration probe_timeout = absl::Seconds(1);
  int success_threshold = 1;
  int failure_threshold = 3;
  std::optional<GrpcProbe> grpc;
  std::optional<ExecProbe> exec;
  absl::Duration initial_delay;
};

// Neither a probe nor a watchdog: nobody looks.
struct Liveness {
  std::optional<HttpProbe> http;
  std::optional<TcpProbe> tcp;
  std::optional<GrpcProbe> grpc;
  std::optional<ExecProbe> exec;
  absl::Duration watchdog;  // Zero: none.
  absl::Duration interval = absl::Seconds(10);
  absl::Duration probe_timeout = absl::Seconds(1);
  absl::Duration initial_delay;
  int success_threshold = 1;
  int failure_threshold = 3;
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_APP_PROBES_H_
