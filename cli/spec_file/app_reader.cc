#include "cli/spec_file/app_reader.h"

#include <cctype>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/spec_file/app_completion.h"
#include "cli/spec_file/field_value.h"
#include "cli/spec_file/nearest_name.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr std::string_view kEnvPrefix = "env_";

// What a field means when it is absent; saying so needs no note.
bool IsInert(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kNull:
      return true;
    case Value::Kind::kBool:
      return !value.boolean;
    case Value::Kind::kNumber:
      return value.text == "0";
    case Value::Kind::kText:
      return value.text.empty() || value.text == "false";
    case Value::Kind::kList:
      return value.items.empty();
    case Value::Kind::kMap:
      return value.entries.empty();
  }
  return false;
}

}  // namespace

struct AppReader::Reading {
  AppSpec spec;
  Findings& findings;
};

AppReader::AppReader(AppReaderOptions options) : options_(std::move(options)) {}

AppSpec AppReader::Read(const Value& app, Findings& findings) const {
  Reading reading{.spec = {}, .findings = findings};
  if (app.kind != Value::Kind::kMap) {
    findings.errors.push_back(
        absl::StrCat(Where(app.place), "an app must be a map of fields, found ",
                     DescribeValue(app)));
    return {};
  }
  if (options_.dialect == Dialect::kPm2) {
    reading.spec.stop.kill_timeout = absl::Milliseconds(1600);
    reading.spec.stop.signal = "SIGINT";
  }
  ReadMap(app, "", reading);
  ApplyEnvOverlay(app, reading);
  CompleteSpec(app, options_, findings, reading.spec);
  return std::move(reading.spec);
}

void AppReader::ReadMap(const Value& map, const std::string& prefix,
                        Reading& reading) const {
  for (const ValueEntry& entry : map.entries) {
    ReadEntry(entry, prefix, reading);
  }
}

void AppReader::ReadEntry(const ValueEntry& entry, const std::string& prefix,
                          Reading& reading) const {
  std::string key = prefix + entry.key;
  if (options_.dialect == Dialect::kPm2 && prefix.empty()) {
    key = entry.key.starts_with(kEnvPrefix) ? entry.key : SnakeCase(entry.key);
  }
  if (const Field* field = FindField(key)) {
    ReadField(*field, entry, reading);
  } else if (IsFieldGroup(key)) {
    if (entry.value.kind == Value::Kind::kMap) {
      ReadMap(entry.value, key + ".", reading);
    } else {
      reading.findings.errors.push_back(absl::StrCat(
          Where(entry.place), "\"", key, "\": expected a map of fields, found ",
          DescribeValue(entry.value)));
    }
  } else if (!prefix.empty() || !ReadEnvOverlay(entry, reading)) {
    UnknownKey(entry, prefix, reading);
  }
}

void AppReader::ReadField(const Field& field, const ValueEntry& entry,
                          Reading& reading) const {
  const std::string name(field.name);
  const bool left_out = entry.value.kind == Value::Kind::kNull &&
                        options_.dialect == Dialect::kPm2;
  if (left_out) return;
  const auto value = ReadFieldValue(field, entry.value, options_.dialect);
  if (!value.ok()) {
    reading.findings.errors.push_back(absl::StrCat(
        Where(entry.place), "\"", name, "\": ", value.status().message()));
    return;
  }
  if (!reading.findings.places.emplace(name, entry.place).second) {
    reading.findings.errors.push_back(
        absl::StrCat(Where(entry.place), "\"", name, "\" stands twice",
                     entry.key == name ? "" : " (as " + entry.key + ")"));
    return;
  }
  if (field.set != nullptr) field.set(reading.spec, *value);
  if (field.support != Support::kInForce && !IsInert(entry.value)) {
    const bool later = field.support == Support::kNotYet;
    reading.findings.notes.push_back(absl::StrCat(
        Where(entry.place),
        later ? "not yet in force: " : "has no effect here: ", name,
        later ? "" : absl::StrCat(" (", ToAbsl(field.explanation), ")")));
  }
}

// env_NAME; its type is checked whether it is picked or not.
bool AppReader::ReadEnvOverlay(const ValueEntry& entry,
                               Reading& reading) const {
  if (!entry.key.starts_with(kEnvPrefix)) return false;
  if (entry.value.kind != Value::Kind::kMap) {
    reading.findings.errors.push_back(
        absl::StrCat(Where(entry.place), "\"", entry.key,
                     "\": expected a map of names to values, found ",
                     DescribeValue(entry.value)));
  }
  return true;
}

void AppReader::ApplyEnvOverlay(const Value& app, Reading& reading) const {
  if (options_.env_name.empty()) return;
  const Value* overlay = app.Find(std::string(kEnvPrefix) + options_.env_name);
  if (overlay == nullptr) {
    reading.findings.notes.push_back(
        absl::StrCat(Where(app.place), "no env_", options_.env_name,
                     " here; --env ", options_.env_name, " changes nothing"));
    return;
  }
  static constexpr Field kOverlay = {.name = "env", .type = FieldType::kEnv};
  const auto value = ReadFieldValue(kOverlay, *overlay, options_.dialect);
  if (!value.ok()) return;  // Said by ReadEnvOverlay.
  for (const auto& [name, text] : value->map) {
    reading.spec.secrets.erase(name);
    reading.spec.env[name] = text;
  }
  for (const auto& [name, secret] : value->secrets) {
    reading.spec.env.erase(name);
    reading.spec.secrets[name] = secret;
  }
}

void AppReader::UnknownKey(const ValueEntry& entry, const std::string& prefix,
                           Reading& reading) const {
  std::string line = absl::StrCat(Where(entry.place), "unknown key \"", prefix,
                                  entry.key, "\"");
  if (const std::string near = NearestName(entry.key, KeysOf(prefix));
      !near.empty()) {
    absl::StrAppend(&line, "; did you mean \"", prefix, near, "\"?");
  }
  if (options_.dialect == Dialect::kPm2) {
    reading.findings.notes.push_back(line + " (it has no effect)");
  } else {
    reading.findings.errors.push_back(line);
  }
}

std::string AppReader::Where(Place place) const {
  return PlaceText(options_.file, place);
}

}  // namespace fleet::cli
