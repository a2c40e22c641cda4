#include "cli/spec_file/json_schema.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/spec_file/field.h"
#include "cli/spec_file/field_text.h"
#include "nlohmann/json.hpp"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kDuration[] = "^(0|([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h|d))+)$";
constexpr char kSize[] = "^[0-9]+(\\.[0-9]+)? ?([KMGTkmgt]i?)?[Bb]?$";

Json Scalar() { return {{"type", {"string", "number", "boolean"}}}; }
Json Text() { return {{"type", {"string", "number"}}}; }
Json ListOf(const Json& item) { return {{"type", "array"}, {"items", item}}; }
Json AnyOf(std::vector<Json> choices) { return {{"anyOf", choices}}; }
Json Matching(const char* pattern) {
  return {{"type", "string"}, {"pattern", pattern}};
}

// ValidateAppSpec has nothing to say of the field when it is 0.
bool AcceptsZero(const Field& field) {
  AppSpec spec;
  spec.script = "/a";
  ApplyDefaults(spec);
  field.set(spec, FieldValue());
  const std::string complaint =
      absl::StrCat(ToAbsl(field.path.empty() ? field.name : field.path), ": ");
  return !absl::StrContains(ValidateAppSpec(spec).message(), complaint);
}

Json Integer(const Field& field) {
  Json number = {{"type", "integer"}};
  int64_t least = 0;
  int64_t most = 0;
  const bool bounded = absl::SimpleAtoi(ToAbsl(field.least), &least) &&
                       absl::SimpleAtoi(ToAbsl(field.most), &most);
  if (bounded) {
    if (least > 0 && field.type != FieldType::kIntegers && AcceptsZero(field)) {
      least = 0;
    }
    number["minimum"] = least;
    number["maximum"] = most;
  }
  return AnyOf({number, Matching("^-?[0-9]+$")});
}

Json Choice(const Field& field) {
  Json words = Json::array();
  for (const absl::string_view word :
       absl::StrSplit(ToAbsl(field.choices), ' ')) {
    words.push_back(std::string(word));
  }
  return {{"enum", words}};
}

// As PM2 does, a value of another kind becomes its JSON.
Json Variables() { return {{"type", "object"}}; }

Json TypeSchema(const Field& field) {
  switch (field.type) {
    case FieldType::kBool:
      return {{"type", "boolean"}};
    case FieldType::kInteger:
      return Integer(field);
    case FieldType::kNumber:
      return AnyOf({{{"type", "number"}}, Matching("^[0-9]+(\\.[0-9]+)?$")});
    case FieldType::kOctal:
      return AnyOf({Matching("^(0o)?[0-7]{1,6}$"),
                    {{"type", "integer"}, {"minimum", 0}, {"maximum", 777}}});
    case FieldType::kText:
    case FieldType::kTextOrNumber:
      return Text();
    case FieldType::kWords:
    case FieldType::kTexts:
      return AnyOf({Text(), ListOf(Scalar())});
    case FieldType::kIntegers:
      return AnyOf({Integer(field), ListOf(Integer(field))});
    case FieldType::kDuration:
      return AnyOf({Matching(kDuration), {{"const", 0}}});
    case FieldType::kSize:
      return AnyOf({Matching(kSize), {{"type", "integer"}, {"minimum", 0}}});
    case FieldType::kSizeOrUnlimited:
      return AnyOf({Matching(kSize),
                    {{"enum", {"unlimited"}}},
                    {{"type", "integer"}, {"minimum", -1}}});
    case FieldType::kInstances:
      return AnyOf({Integer(field), {{"enum", {"max"}}}});
    case FieldType::kShare:
      return AnyOf(
          {Matching("^[0-9]+%?$"), {{"type", "integer"}, {"minimum", 0}}});
    case FieldType::kChoice:
      return Choice(field);
    case FieldType::kEnv:
      return Variables();
    case FieldType::kAutoPath:
      return {{"type", {"string", "boolean"}}};
    case FieldType::kWatch:
      return AnyOf({{{"type", "boolean"}}, Text(), ListOf(Scalar())});
    case FieldType::kCalendar:
      return {{"type", {"string", "number", "boolean"}}};
    case FieldType::kHook:
      return {{"type", {"string", "object"}}};
    case FieldType::kGates:
      return ListOf({{"type", {"string", "object"}}});
    case FieldType::kAny:
      return Json::object();
  }
  return Json::object();
}

std::string Description(const Field& field) {
  std::string text(field.explanation);
  const std::string normal = DefaultText(field);
  if (!normal.empty()) absl::StrAppend(&text, " Default: ", normal, ".");
  if (const std::string range = RangeText(field); !range.empty()) {
    absl::StrAppend(&text, " Range: ", range, ".");
  }
  return text;
}

Json FieldSchema(const Field& field) {
  Json schema = {{"description", Description(field)}};
  schema.update(TypeSchema(field));
  return schema;
}

// The map `key` of a group, made when it is not there.
Json& GroupOf(Json& properties, const std::string& key) {
  Json& group = properties[key];
  if (group.is_null()) {
    group = {{"type", "object"},
             {"properties", Json::object()},
             {"additionalProperties", false}};
  }
  return group["properties"];
}

void AddProperty(Json& properties, const std::string& name,
                 const Json& schema) {
  const size_t dot = name.find('.');
  if (dot == std::string::npos) {
    properties[name] = schema;
    return;
  }
  AddProperty(GroupOf(properties, name.substr(0, dot)), name.substr(dot + 1),
              schema);
}

Json AppSchema() {
  Json properties = Json::object();
  Json needs = Json::array();
  for (const Field& field : AllFields()) {
    const Json schema = FieldSchema(field);
    for (const std::string& name : NamesOf(field)) {
      AddProperty(properties, name, schema);
      if (field.name == "script") needs.push_back({{"required", {name}}});
    }
  }
  Json overlay = Variables();
  overlay["description"] = "Variables that go over env with --env NAME.";
  return {{"type", "object"},
          {"properties", properties},
          {"patternProperties", {{"^env_", overlay}}},
          {"anyOf", needs},
          {"additionalProperties", false}};
}

}  // namespace

std::string JsonSchema() {
  const Json app = {{"$ref", "#/definitions/app"}};
  const Json apps = {{"type", "array"}, {"items", app}, {"minItems", 1}};
  const Json document = {{"type", "object"},
                         {"properties", {{"apps", AnyOf({apps, app})}}},
                         {"patternProperties", {{"^x-", Json::object()}}},
                         {"required", {"apps"}},
                         {"additionalProperties", false}};
  const Json schema = {
      {"$schema", "http://json-schema.org/draft-07/schema#"},
      {"title", "Fleet: apps"},
      {"description",
       "What fleetctl apply reads from fleet.yaml or fleet.json."},
      {"anyOf", {document, app, apps}},
      {"definitions", {{"app", AppSchema()}}}};
  return schema.dump(2) + "\n";
}

}  // namespace fleet::cli
