// The table itself: what it says of a field is true.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/spec_file/field.h"
#include "cli/spec_file/field_text.h"
#include "cli/spec_file/field_value.h"
#include "cli/spec_file/json_schema.h"
#include "cli/spec_file/spec_writer.h"
#include "cli/spec_file/yaml_writer.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"
#include "proto/rpc/yaml_document.h"
#include "tests/cli/spec_file/read_app.h"

namespace fleet::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(FieldTable, NamesAndAliasesAreUniqueAndExplained) {
  std::set<std::string> names;
  for (const Field& field : AllFields()) {
    for (const std::string& name : NamesOf(field)) {
      EXPECT_TRUE(names.insert(name).second) << name;
      EXPECT_EQ(FindField(name), &field) << name;
    }
    EXPECT_TRUE(field.explanation.ends_with('.')) << field.name;
    EXPECT_EQ(field.choices.empty(), field.type != FieldType::kChoice)
        << field.name;
    if (field.support == Support::kIgnored) continue;
    EXPECT_NE(field.set, nullptr) << field.name;
    EXPECT_FALSE(field.example.empty()) << field.name;
    EXPECT_NE(DefaultText(field), "") << field.name;
  }
}

// What an app needs so that the field's example can be.
std::string Beside(std::string_view name) {
  std::string app = "script: a.js\n";
  if (name == "takeover") app += "listen: [\"tcp://0.0.0.0:1\"]\n";
  if (name == "increment_var") app += "env: {PORT: 1}\n";
  if (name == "group") app += "user: www\n";
  return app;
}

TEST(FieldTable, ExamplesAreReadAndValid) {
  for (const Field& field : AllFields()) {
    if (field.example.empty() || field.name == "script") continue;
    std::string yaml = absl::StrCat(Beside(field.name), ExampleText(field));
    if (field.name.find(".http.") != field.name.npos &&
        !field.name.ends_with(".port")) {
      const std::string group(field.name.substr(0, field.name.find('.')));
      yaml = absl::StrCat("script: a.js\n", group, ": {http: {port: 1, ",
                          ToAbsl(field.name.substr(group.size() + 6)), ": ",
                          ToAbsl(field.example), "}}");
    }
    if (field.name == "rollout.max_zones") {
      yaml = "script: a.js\nrollout: {zone_label: zone, max_zones: 2}";
    }
    if (field.name.ends_with("grpc.service")) {
      const std::string group(field.name.substr(0, field.name.find('.')));
      yaml = absl::StrCat("script: a.js\n", group,
                          ": {grpc: {port: 1, service: x}}");
    }
    const Outcome outcome = ReadApp(Dialect::kNative, yaml);
    EXPECT_THAT(outcome.findings.errors, IsEmpty()) << yaml;
    EXPECT_TRUE(ValidateAppSpec(outcome.spec).ok())
        << yaml << "\n"
        << ValidateAppSpec(outcome.spec);
    if (field.get == nullptr) continue;
    EXPECT_FALSE(field.get(outcome.spec) ==
                 field.get(ReadApp(Dialect::kNative, "script: a.js").spec))
        << field.name << ": an example shows something else than the default";
  }
}

// The bound and `step` of its smallest units more; false: there is no such
// value.
bool Step(const Field& field, std::string_view bound, int step,
          FieldValue* value) {
  const FieldType type = field.type;
  if (type == FieldType::kDuration) {
    value->duration = *ParseDuration(bound) + step * absl::Milliseconds(1);
    return true;
  }
  if (type == FieldType::kSize) {
    value->integer = *ParseSize(bound) + step;
    return true;
  }
  if (type == FieldType::kNumber) {
    const bool read = absl::SimpleAtod(ToAbsl(bound), &value->number);
    value->number += step * 0.001;
    return read;
  }
  if (type == FieldType::kOctal) {
    value->integer = std::stoll(std::string(bound), nullptr, 8) + step;
    return value->integer >= 0;
  }
  const bool read = absl::SimpleAtoi(ToAbsl(bound), &value->integer);
  value->integer += step;
  value->integers = {static_cast<int>(value->integer)};
  return read;
}

absl::Status ValidWith(const Field& field, const FieldValue& value) {
  AppSpec spec = ReadApp(Dialect::kNative, "script: a.js").spec;
  spec.readiness.timeout = absl::Hours(24);
  spec.rollout.zone_label = "zone";
  field.set(spec, value);
  for (auto* http : {&spec.readiness.http, &spec.liveness.http}) {
    const bool given = field.name.ends_with("http.port");
    if (http->has_value() && !given) (*http)->port = 1;
  }
  if (spec.limits.memory_high_bytes > 0) spec.limits.memory_max_bytes = 0;
  return ValidateAppSpec(spec);
}

TEST(FieldTable, RangesAreThoseOfTheValidator) {
  for (const Field& field : AllFields()) {
    FieldValue value;
    if (field.least.empty()) continue;
    const bool initial_delay = field.name == "readiness.initial_delay";
    ASSERT_TRUE(Step(field, field.least, 0, &value)) << field.name;
    EXPECT_TRUE(ValidWith(field, value).ok())
        << field.name << " " << ValidWith(field, value);
    ASSERT_TRUE(Step(field, field.most, 0, &value)) << field.name;
    EXPECT_TRUE(ValidWith(field, value).ok() || initial_delay)
        << field.name << " " << ValidWith(field, value);
    ASSERT_TRUE(Step(field, field.most, 1, &value)) << field.name;
    EXPECT_FALSE(ValidWith(field, value).ok()) << field.name;
    value = {};
    const bool below = Step(field, field.least, -1, &value);
    // 0 may stand for none.
    if (below && field.least != "1") {
      EXPECT_FALSE(ValidWith(field, value).ok()) << field.name;
    }
  }
}

TEST(FieldTable, ASpecThatSetsEveryFieldIsWrittenAndReadBack) {
  std::string yaml;
  AppSpec all = ReadApp(Dialect::kNative, "script: a.js").spec;
  for (const Field& field : AllFields()) {
    if (field.get == nullptr) continue;
    const auto example = ReadYaml(std::string(field.example), "example");
    ASSERT_TRUE(example.ok()) << field.name;
    const auto value = ReadFieldValue(field, *example, Dialect::kNative);
    ASSERT_TRUE(value.ok()) << field.name;
    field.set(all, *value);
  }
  for (const Written how : {Written::kWhatIsSet, Written::kAll}) {
    const std::string written = ToYaml(WriteApp(all, how));
    const Outcome back = ReadApp(Dialect::kNative, written);
    EXPECT_THAT(back.findings.errors, IsEmpty()) << written;
    EXPECT_THAT(DiffAppSpecs(all, back.spec), IsEmpty()) << written;
    EXPECT_EQ(all.env, back.spec.env);
    const Outcome json =
        ReadApp(Dialect::kNative, ToIndentedJson(WriteApp(all, how)));
    EXPECT_THAT(DiffAppSpecs(all, json.spec), IsEmpty()) << written;
  }
}

TEST(FieldTable, AllOfADefaultSpecIsWrittenAndReadBack) {
  const AppSpec plain = ReadApp(Dialect::kNative, "script: a.js").spec;
  const std::string written = ToYaml(WriteApp(plain, Written::kAll));
  const Outcome back = ReadApp(Dialect::kNative, written);
  EXPECT_THAT(back.findings.errors, IsEmpty()) << written;
  EXPECT_THAT(DiffAppSpecs(plain, back.spec), IsEmpty()) << written;
  EXPECT_EQ(ToYaml(WriteApp(plain, Written::kWhatIsSet)),
            "name: a\nscript: a.js\ncwd: /srv/web\n");
}

std::string ReadPage(const std::string& name) {
  std::ifstream file(absl::StrCat(FLEET_SOURCE_DIR, "/docs/reference/", name));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(FieldTable, ThePublishedPagesAreUpToDate) {
  EXPECT_TRUE(ReadPage("fleet.schema.json") == JsonSchema())
      << "fleetctl schema > docs/reference/fleet.schema.json";
  EXPECT_TRUE(ReadPage("fields.md") == FieldsPage())
      << "fleetctl explain --page > docs/reference/fields.md";
}

TEST(FieldText, SaysAllThatIsKnownOfAField) {
  EXPECT_EQ(FieldDetails(*FindField("max_restarts")),
            "max_restarts\n"
            "  So many unstable exits in a row end in CRASH_LOOP.\n\n"
            "  value:      a whole number\n"
            "  range:      0 to 1000000\n"
            "  default:    16\n"
            "  in PM2:     max_restarts\n"
            "  in the API: AppSpec.restart.max_restarts\n"
            "  example:    max_restarts: 10\n");
  const std::string port = FieldDetails(*FindField("readiness.http.port"));
  EXPECT_THAT(port, HasSubstr("example:    readiness: {http: {port: 8080}}"));
}

}  // namespace
}  // namespace fleet::cli
