// The words of a spec: one table from which files and flags are read, and
// from which whatever explains them is made.
#ifndef FLEET_CLI_SPEC_FILE_FIELD_H_
#define FLEET_CLI_SPEC_FILE_FIELD_H_

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "proto/rpc/app_spec.h"

namespace fleet::cli {

// Who wrote it decides on units, defaults and how strict to be.
enum class Dialect {
  // fleet.yaml: an unknown key is an error, a duration has a unit.
  kNative,
  // PM2's file: an unknown key is a warning, a bare number is milliseconds,
  // camelCase is read, PM2's defaults hold.
  kPm2,
  // Flags of `fleetctl start`: native, but a bare number is milliseconds.
  kFlags,
};

enum class FieldType {
  kBool,
  kInteger,
  // Also with a fraction.
  kNumber,
  // An octal number, as file modes are written: 022.
  kOctal,
  kText,
  // A text or a number, e.g. a user's name or id.
  kTextOrNumber,
  // A list of texts, or one text that is split into words as a shell does.
  kWords,
  // A list of texts, or one text.
  kTexts,
  kIntegers,
  kDuration,
  kSize,
  // A size or "unlimited", which is -1.
  kSizeOrUnlimited,
  // A number or "max".
  kInstances,
  // A number or a percentage, e.g. 2 or 25%.
  kShare,
  // One of the words in Field::choices.
  kChoice,
  // Variables: each a value or {secret: name}.
  kEnv,
  // A path, or true for the usual one ("auto"); false is none.
  kAutoPath,
  // Paths as kTexts, or true for ".", the folder itself; false is none.
  kWatch,
  // A text; false, 0 and "0" are none, as PM2 has it.
  kCalendar,
  // A command, or a map of command and timeout.
  kHook,
  // A list of metric gates, each a text or a map.
  kGates,
  // Anything; for what is not in force yet.
  kAny,
};

enum class Support {
  kInForce,
  // Known and kept in the spec, without effect so far: there is a note.
  kNotYet,
  // PM2's own services; they have no meaning here.
  kIgnored,
};

// A value after its type was checked: the member of its type is set.
struct FieldValue {
  bool boolean = false;
  int64_t integer = 0;
  double number = 0;
  std::string text;
  std::vector<std::string> texts;
  std::vector<int> integers;
  absl::Duration duration;
  std::map<std::string, std::string> map;
  // Of kEnv: variable -> secret.
  std::map<std::string, std::string> secrets;
  Hook hook;
  std::vector<MetricGate> gates;

  friend bool operator==(const FieldValue&, const FieldValue&) = default;
};

struct Field {
  // snake_case; "readiness.http.port" stands in nested maps.
  std::string_view name = "";
  // Other names, with spaces between.
  std::string_view aliases = "";
  FieldType type = FieldType::kAny;
  // Of kChoice, with spaces between.
  std::string_view choices = "";
  // Null for kIgnored.
  void (*set)(AppSpec& spec, const FieldValue& value) = nullptr;
  Support support = Support::kInForce;
  // What it does, in sentences.
  std::string_view explanation = "";
  // What a spec holds; nothing where it is unset. Null: it cannot be told from
  // a spec (name_prefix), and is never written.
  std::optional<FieldValue> (*get)(const AppSpec& spec) = nullptr;
  // What PM2 calls it; empty: PM2 has nothing like it.
  std::string_view pm2 = "";
  // What the API and ValidateAppSpec call it; empty: as `name`.
  std::string_view path = "";
  // The smallest and largest value, as they stand in a file; empty: the type
  // says it all.
  std::string_view least = "";
  std::string_view most = "";
  // What holds when it is not set, where that is not one value; as the end of
  // "Default: …".
  std::string_view unset = "";
  // A value as it stands in YAML, in one line.
  std::string_view example = "";
};

// All fields, in the order of the documentation. `env_<name>` is not among
// them; AppReader knows it.
const std::vector<Field>& AllFields();

// By name or alias, or null.
const Field* FindField(std::string_view key);
// By what the API calls it ("restart.max_restarts"), or null.
const Field* FindFieldByPath(std::string_view path);
// There are fields "KEY.…".
bool IsFieldGroup(std::string_view key);
// What may stand in the map whose fields begin with `prefix`, aliases too.
std::vector<std::string> KeysOf(std::string_view prefix);
// All names a field may have in a file, its own first.
std::vector<std::string> NamesOf(const Field& field);

// PM2 reads outFile for out_file.
std::string SnakeCase(std::string_view key);

// The groups of the table.
struct FieldGroup {
  // For a heading.
  std::string_view title;
  std::span<const Field> fields;
};
std::span<const FieldGroup> FieldGroups();
std::span<const Field> ProcessFields();
std::span<const Field> EnvironmentFields();
std::span<const Field> ResourceFields();
std::span<const Field> LifecycleFields();
std::span<const Field> LogFields();
std::span<const Field> ProbeFields();
std::span<const Field> RolloutFields();
// What has a meaning only to PM2.
std::span<const Field> ForeignFields();

// What a value of the type looks like: `a duration such as 10s or 500ms`.
std::string ExpectedOf(const Field& field, Dialect dialect);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_FIELD_H_
