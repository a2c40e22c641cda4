// What web servers answer to the controller, and what others sign: keys and
// tokens of other issuers, the values of metric gates.
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "controller/access/http_get.h"
#include "controller/access/json_web_keys.h"
#include "controller/access/json_web_token.h"
#include "controller/gate_answer.h"
#include "proto/rpc/status.h"
#include "proto/rpc/utf8_text.h"
#include "tests/fuzz/input.h"

namespace fleet::controller {
namespace {

void ReadKeys(fuzz::Input input) {
  const auto body = BodyOfAnswer(input.Rest());
  if (body.ok()) JsonWebKeys::Parse(*body).status().IgnoreError();
}

void ReadUrl(fuzz::Input input) {
  const auto url = ParseHttpUrl(input.Rest());
  if (!url.ok()) return;
  FLEET_CHECK(url->port > 0 && url->port < 65536);
  FLEET_CHECK(url->path.starts_with('/'));
}

void ReadToken(fuzz::Input input) {
  const auto part = [&input] {
    return absl::WebSafeBase64Escape(ToAbsl(input.Piece()));
  };
  const std::string header = part();
  const std::string claims = part();
  const auto token =
      ParseJsonWebToken(absl::StrCat(header, ".", claims, ".", part()));
  if (!token.ok()) return;
  CheckTimesAndAudience(*token, "fleet", absl::FromUnixSeconds(1'700'000'000))
      .IgnoreError();
  const auto keys = JsonWebKeys::Parse(input.Rest());
  // Nobody signs by chance.
  if (keys.ok()) FLEET_CHECK(!keys->Verify(*token).ok());
}

void JudgeGate(fuzz::Input input) {
  MetricGate gate;
  gate.max = 1;
  const uint8_t kind = input.Byte();
  gate.source = kind % 2 == 0 ? GateSource::kHttp : GateSource::kPrometheus;
  HttpAnswer answer;
  answer.status = kind < 128 ? 200 : 500;
  answer.body = std::string(input.Rest());
  const GateAnswer judged = JudgeAnswer(gate, answer);
  // It is told to clients.
  FLEET_CHECK(IsUtf8(judged.text));
  FLEET_CHECK(judged.text.size() < 1000);
}

}  // namespace
}  // namespace fleet::controller

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fleet::controller;
  fleet::fuzz::Input input(data, size);
  switch (input.Byte() % 4) {
    case 0:
      ReadKeys(input);
      break;
    case 1:
      ReadUrl(input);
      break;
    case 2:
      ReadToken(input);
      break;
    default:
      JudgeGate(input);
  }
  return 0;
}
