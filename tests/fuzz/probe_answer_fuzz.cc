// What a worker answers to a probe, over HTTP/1 and over HTTP/2, in pieces.
#include <memory>
#include <string>

#include "node_agent/grpc_health_talk.h"
#include "node_agent/probe_talk.h"
#include "proto/rpc/status.h"
#include "tests/fuzz/input.h"

namespace fleet::agent {
namespace {

std::unique_ptr<ProbeTalk> TalkOf(uint8_t kind) {
  constexpr char kAuthority[] = "127.0.0.1:80";
  if (kind % 2 == 0) {
    return std::make_unique<HttpTalk>(HttpProbe{}, kAuthority);
  }
  return std::make_unique<GrpcHealthTalk>("web", kAuthority);
}

}  // namespace
}  // namespace fleet::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fleet::fuzz::Input input(data, size);
  const auto talk = fleet::agent::TalkOf(input.Byte());
  const size_t step = input.Byte() + size_t{1};
  std::string reply;
  bool decided = false;
  while (!input.empty() && !decided) {
    decided = talk->OnBytes(input.Take(step), &reply).has_value();
    FLEET_CHECK(reply.size() <= size * 2 + 64);
  }
  // The other side closes: that always decides.
  if (!decided) FLEET_CHECK(talk->OnBytes("", &reply).has_value());
  return 0;
}
