#include "cli/render/message_text.h"

#include <gtest/gtest.h>

#include "fleet/v1/app.pb.h"
#include "fleet/v1/log_service.pb.h"
#include "tests/cli/proto_text.h"

namespace fleet::cli {
namespace {

const char kStep[] = R"pb(
  generation: 9007199254740993
  phase: STEP_PHASE_FAILED
  stderr_tail: "a: \"b\""
  stderr_tail: "c"
  slot: 2
)pb";

TEST(MessageText, JsonHasNumbersNamesAndAllFields) {
  EXPECT_EQ(ToJsonLine(FromText<v1::Step>(kStep)),
            "{\"generation\":9007199254740993,\"phase\":\"STEP_PHASE_FAILED\","
            "\"slots_done\":0,\"slots_total\":0,\"reason\":\"\","
            "\"stderr_tail\":[\"a: \\\"b\\\"\",\"c\"],\"slot\":2,"
            "\"failure\":\"FAILURE_KIND_UNSPECIFIED\",\"flaps\":0}\n");
}

TEST(MessageText, TimesAndMapsAreReadable) {
  const auto spec = FromText<v1::AppSpec>(R"pb(
    env { key: "B" value: "2" }
    env { key: "A" value: "1" }
    restart { min_uptime { nanos: 500000000 } }
  )pb");
  const std::string json = ToJsonLine(spec);
  EXPECT_NE(json.find("\"env\":{\"A\":\"1\",\"B\":\"2\"}"), std::string::npos);
  EXPECT_NE(json.find("\"min_uptime\":\"500ms\""), std::string::npos);
  const auto line =
      FromText<v1::LogLine>("time { seconds: 1700000000 } text: \"x\\377\"");
  EXPECT_NE(ToJsonLine(line).find("\"time\":\"2023-11-14T22:13:20+00:00\""),
            std::string::npos);
  EXPECT_NE(ToJsonLine(line).find("\"text\":\"x\xEF\xBF\xBD\""),
            std::string::npos);
}

TEST(MessageText, Yaml) {
  const auto status = FromText<v1::AppStatus>(R"pb(
    app: "web"
    instances { slot: 1 }
    step { slot: -1 stderr_tail: "x" }
  )pb");
  const std::string yaml = ToYamlText(status);
  EXPECT_EQ(yaml.substr(0, yaml.find("revision:")),
            "app: \"web\"\napp_uid: \"\"\nserial: 0\ngeneration: 0\n");
  EXPECT_NE(yaml.find("\nstep:\n  generation: 0\n"), std::string::npos);
  EXPECT_NE(yaml.find("\n  stderr_tail:\n    - \"x\"\n"), std::string::npos);
  EXPECT_NE(yaml.find("\ninstances:\n  - slot: 1\n    worker_id: 0\n"),
            std::string::npos)
      << yaml;
}

}  // namespace
}  // namespace fleet::cli
