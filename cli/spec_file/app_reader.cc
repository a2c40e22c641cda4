#include "cli/spec_file/app_reader.h"

#include <cctype>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/spec_file/field_value.h"
#include "cli/spec_file/nearest_name.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr std::string_view kEnvPrefix = "env_";

// PM2 reads outFile for out_file.
std::string SnakeCase(std::string_view key) {
  std::string snake;
  for (const char c : key) {
    if (std::isupper(static_cast<unsigned char>(c)) && !snake.empty()) {
      snake += '_';
    }
    snake += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return snake;
}

const Value* FindInEitherCase(const Value& app, std::string_view name) {
  for (const ValueEntry& entry : app.entries) {
    if (SnakeCase(entry.key) == name) return &entry.value;
  }
  return nullptr;
}

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

std::string AbsolutePath(const std::string& folder, const std::string& path) {
  return (std::filesystem::path(folder) / path).lexically_normal().string();
}

std::string WithoutTrailingSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string LogPath(const std::string& cwd, const std::string& path) {
  if (path.empty()) return "";
  if (path == "NULL") return "/dev/null";
  return AbsolutePath(cwd, path);
}

}  // namespace

struct AppReader::Reading {
  AppSpec spec;
  // Canonical names of the fields that were written.
  std::set<std::string> seen;
  Findings& findings;
};

AppReader::AppReader(AppReaderOptions options)
    : options_(std::move(options)), fields_(AllFields()) {}

AppSpec AppReader::Read(const Value& app, Findings& findings) const {
  Reading reading{.spec = {}, .seen = {}, .findings = findings};
  if (app.kind != Value::Kind::kMap) {
    findings.errors.push_back(
        absl::StrCat(Where(app.line), "an app must be a map of fields, found ",
                     DescribeValue(app)));
    return {};
  }
  if (options_.dialect == Dialect::kPm2) {
    reading.spec.stop.kill_timeout = absl::Milliseconds(1600);
    reading.spec.stop.signal = "SIGINT";
  }
  ReadMap(app, "", reading);
  ApplyEnvOverlay(app, reading);
  Complete(app, reading);
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
  } else if (IsGroup(key)) {
    if (entry.value.kind == Value::Kind::kMap) {
      ReadMap(entry.value, key + ".", reading);
    } else {
      reading.findings.errors.push_back(absl::StrCat(
          Where(entry.line), "\"", key, "\": expected a map of fields, found ",
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
        Where(entry.line), "\"", name, "\": ", value.status().message()));
    return;
  }
  if (!reading.seen.insert(name).second) {
    reading.findings.errors.push_back(
        absl::StrCat(Where(entry.line), "\"", name, "\" stands twice",
                     entry.key == name ? "" : " (as " + entry.key + ")"));
    return;
  }
  if (field.set != nullptr) field.set(reading.spec, *value);
  if (field.support != Support::kInForce && !IsInert(entry.value)) {
    const bool later = field.support == Support::kNotYet;
    reading.findings.notes.push_back(absl::StrCat(
        Where(entry.line),
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
        absl::StrCat(Where(entry.line), "\"", entry.key,
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
        absl::StrCat(Where(app.line), "no env_", options_.env_name,
                     " here; --env ", options_.env_name, " changes nothing"));
    return;
  }
  static constexpr Field kOverlay = {
      "env", "", FieldType::kEnv, "", nullptr, Support::kInForce, ""};
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
  std::vector<std::string> known;
  for (const Field& field : fields_) {
    std::vector<std::string> names =
        absl::StrSplit(ToAbsl(field.aliases), ' ', absl::SkipEmpty());
    names.emplace_back(field.name);
    for (const std::string& name : names) {
      if (!name.starts_with(prefix)) continue;
      const std::string rest = name.substr(prefix.size());
      known.push_back(rest.substr(0, rest.find('.')));
    }
  }
  std::string line = absl::StrCat(Where(entry.line), "unknown key \"", prefix,
                                  entry.key, "\"");
  if (const std::string near = NearestName(entry.key, known); !near.empty()) {
    absl::StrAppend(&line, "; did you mean \"", prefix, near, "\"?");
  }
  if (options_.dialect == Dialect::kPm2) {
    reading.findings.notes.push_back(line + " (it has no effect)");
  } else {
    reading.findings.errors.push_back(line);
  }
}

void AppReader::Complete(const Value& app, Reading& reading) const {
  AppSpec& spec = reading.spec;
  spec.cwd = WithoutTrailingSlash(AbsolutePath(options_.folder, spec.cwd));
  spec.logs.out_file = LogPath(spec.cwd, spec.logs.out_file);
  spec.logs.error_file = LogPath(spec.cwd, spec.logs.error_file);
  if (spec.logs.log_file != kAutoLogFile) {
    spec.logs.log_file = LogPath(spec.cwd, spec.logs.log_file);
  }
  if (!spec.pid_file.empty()) {
    spec.pid_file = AbsolutePath(spec.cwd, spec.pid_file);
  }
  ApplyDefaults(spec);
  if (const Value* prefix = FindInEitherCase(app, "name_prefix")) {
    spec.name = prefix->text + spec.name;
  }
  const Value* append = FindInEitherCase(app, "append_env_to_name");
  if (append != nullptr && append->boolean && !options_.env_name.empty()) {
    absl::StrAppend(&spec.name, "-", options_.env_name);
  }
  const bool clusters_by_count = options_.dialect != Dialect::kNative &&
                                 reading.seen.contains("instances") &&
                                 !reading.seen.contains("exec_mode");
  if (clusters_by_count && IsNode(spec)) spec.exec_mode = ExecMode::kCluster;
}

const Field* AppReader::FindField(const std::string& key) const {
  for (const Field& field : fields_) {
    if (field.name == key) return &field;
    for (const absl::string_view alias :
         absl::StrSplit(ToAbsl(field.aliases), ' ', absl::SkipEmpty())) {
      if (ToStd(alias) == key) return &field;
    }
  }
  return nullptr;
}

bool AppReader::IsGroup(const std::string& key) const {
  for (const Field& field : fields_) {
    if (field.name.starts_with(key + ".")) return true;
  }
  return false;
}

std::string AppReader::Where(int line) const {
  if (line == 0) return options_.file + ": ";
  return absl::StrCat(options_.file, ":", line, ": ");
}

}  // namespace fleet::cli
