// An app from a line of YAML.
#ifndef FLEET_TESTS_CLI_SPEC_FILE_READ_APP_H_
#define FLEET_TESTS_CLI_SPEC_FILE_READ_APP_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "cli/spec_file/app_reader.h"
#include "proto/rpc/yaml_document.h"

namespace fleet::cli {

struct Outcome {
  AppSpec spec;
  Findings findings;
};

// As it would stand in /srv/web/f.yaml.
inline Outcome ReadApp(Dialect dialect, const std::string& yaml,
                       const std::string& env_name = "") {
  const auto value = ReadYaml(yaml, "f.yaml");
  EXPECT_TRUE(value.ok()) << value.status();
  AppReaderOptions options;
  options.dialect = dialect;
  options.file = "f.yaml";
  options.folder = "/srv/web";
  options.env_name = env_name;
  options.home = "/home/ann";
  Outcome outcome;
  outcome.spec = AppReader(options).Read(*value, outcome.findings);
  return outcome;
}

inline std::string Words(const std::vector<std::string>& words) {
  return absl::StrJoin(words, "|");
}

inline std::string Env(const AppSpec& spec) {
  return absl::StrJoin(spec.env, ",", absl::PairFormatter("="));
}

}  // namespace fleet::cli

#endif  // FLEET_TESTS_CLI_SPEC_FILE_READ_APP_H_
