// The reader judges the samples as schema_test.js has the schema judge them.
#include "cli/spec_file/json_schema.h"

#include <gtest/gtest.h>

#include <fstream>

#include "nlohmann/json.hpp"
#include "tests/cli/spec_file/read_app.h"

namespace fleet::cli {
namespace {

TEST(JsonSchema, TheReaderTakesAndRefusesTheSameSamples) {
  std::ifstream file(FLEET_SOURCE_DIR
                     "/tests/cli/spec_file/schema_samples.json");
  const auto samples = nlohmann::json::parse(file);
  ASSERT_GT(samples.size(), 50U);
  for (const auto& sample : samples) {
    const std::string app = sample.at("app").dump();
    const Outcome outcome = ReadApp(Dialect::kNative, app);
    const bool taken =
        outcome.findings.errors.empty() && ValidateAppSpec(outcome.spec).ok();
    EXPECT_EQ(taken, sample.at("valid").get<bool>()) << app;
  }
}

}  // namespace
}  // namespace fleet::cli
