#include "cli/spec_file/field.h"

#include <cctype>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::cli {

std::span<const FieldGroup> FieldGroups() {
  static const FieldGroup groups[] = {
      {"What runs, how many, and where", ProcessFields()},
      {"Environment", EnvironmentFields()},
      {"Restarts and stops", LifecycleFields()},
      {"Readiness and liveness", ProbeFields()},
      {"Logs", LogFields()},
      {"Limits and hardening", ResourceFields()},
      {"Reloads and rollouts", RolloutFields()},
      {"PM2's own, without effect here", ForeignFields()}};
  return groups;
}

const std::vector<Field>& AllFields() {
  static const std::vector<Field> all = [] {
    std::vector<Field> fields;
    for (const FieldGroup& group : FieldGroups()) {
      fields.insert(fields.end(), group.fields.begin(), group.fields.end());
    }
    return fields;
  }();
  return all;
}

std::vector<std::string> NamesOf(const Field& field) {
  std::vector<std::string> names = {std::string(field.name)};
  for (const absl::string_view alias :
       absl::StrSplit(ToAbsl(field.aliases), ' ', absl::SkipEmpty())) {
    names.emplace_back(alias);
  }
  return names;
}

const Field* FindField(std::string_view key) {
  for (const Field& field : AllFields()) {
    for (const std::string& name : NamesOf(field)) {
      if (name == key) return &field;
    }
  }
  return nullptr;
}

const Field* FindFieldByPath(std::string_view path) {
  for (const Field& field : AllFields()) {
    if ((field.path.empty() ? field.name : field.path) == path) return &field;
  }
  return nullptr;
}

bool IsFieldGroup(std::string_view key) {
  const std::string prefix = absl::StrCat(ToAbsl(key), ".");
  for (const Field& field : AllFields()) {
    if (field.name.starts_with(prefix)) return true;
  }
  return false;
}

std::vector<std::string> KeysOf(std::string_view prefix) {
  std::vector<std::string> keys;
  for (const Field& field : AllFields()) {
    for (const std::string& name : NamesOf(field)) {
      if (!name.starts_with(prefix)) continue;
      const std::string rest = name.substr(prefix.size());
      keys.push_back(rest.substr(0, rest.find('.')));
    }
  }
  return keys;
}

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

std::string ExpectedOf(const Field& field, Dialect dialect) {
  switch (field.type) {
    case FieldType::kBool:
      return "true or false";
    case FieldType::kInteger:
      return "a whole number";
    case FieldType::kNumber:
      return "a number such as 2 or 0.5";
    case FieldType::kOctal:
      return "octal digits such as 022 or 0o027";
    case FieldType::kText:
      return "a text";
    case FieldType::kTextOrNumber:
      return "a name or a number";
    case FieldType::kWords:
      return "a text or a list of texts";
    case FieldType::kTexts:
      return "a list of texts";
    case FieldType::kIntegers:
      return "a whole number or a list of them";
    case FieldType::kDuration:
      return dialect == Dialect::kNative
                 ? "a duration with its unit, such as 10s, 500ms or 2m"
                 : "milliseconds, or a duration such as 10s or 2m";
    case FieldType::kSize:
      return "a size such as 300M, 1G or a number of bytes";
    case FieldType::kSizeOrUnlimited:
      return "a size such as 300M, a number of bytes, or unlimited";
    case FieldType::kInstances:
      return "a whole number or max";
    case FieldType::kShare:
      return "a number such as 2, or a percentage such as 25%";
    case FieldType::kChoice:
      return absl::StrCat(
          "one of ",
          absl::StrJoin(absl::StrSplit(ToAbsl(field.choices), ' '), ", "));
    case FieldType::kEnv:
      return "a map of names to values";
    case FieldType::kAutoPath:
      return "a path, true or false";
    case FieldType::kWatch:
      return "true, false, a path or a list of paths";
    case FieldType::kCalendar:
      return "a calendar such as \"0 3 * * *\" (minute hour day month weekday)";
    case FieldType::kHook:
      return "a command, or a map of command and timeout";
    case FieldType::kGates:
      return "a list of gates";
    case FieldType::kAny:
      return "anything";
  }
  return "";
}

}  // namespace fleet::cli
