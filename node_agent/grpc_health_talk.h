// Asks a gRPC server whether it serves.
#ifndef FLEET_NODE_AGENT_GRPC_HEALTH_TALK_H_
#define FLEET_NODE_AGENT_GRPC_HEALTH_TALK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "node_agent/probe_talk.h"

namespace fleet::agent {

// One call of grpc.health.v1.Health/Check, in plaintext. As much of HTTP/2
// (RFC 9113) as that takes: one stream, headers sent as literals, those of the
// answer read only for a grpc-status that stands in them as it is. So it can go
// over the connection that the probe has led to its worker, and costs
// neither a channel nor a thread.
//
// At most 64 KiB are read.
class GrpcHealthTalk : public ProbeTalk {
 public:
  GrpcHealthTalk(std::string service, std::string authority);

  std::string Opening() const override;
  std::optional<Verdict> OnBytes(std::string_view bytes,
                                 std::string* reply) override;
  std::string Name() const override;

 private:
  struct Frame {
    uint8_t type = 0;
    uint8_t flags = 0;
    uint32_t stream = 0;
    std::string_view payload;
  };

  std::optional<Verdict> OnFrame(const Frame& frame, std::string* reply);
  std::optional<Verdict> OnData(const Frame& frame);
  std::optional<Verdict> OnHeaders(const Frame& frame);
  Verdict Refused(std::string_view headers) const;

  const std::string service_;
  const std::string authority_;
  std::string received_;
  size_t total_ = 0;
  std::string message_;  // gRPC's five bytes and what follows them.
};

// The status of a serialized HealthCheckResponse: 0 UNKNOWN, 1 SERVING …;
// nothing: it is none. Pure.
std::optional<int> ParseHealthStatus(std::string_view message);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_GRPC_HEALTH_TALK_H_
