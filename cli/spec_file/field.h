// The words of a spec: one table from which files and flags are read, and
// from which whatever explains them is made.
#ifndef FLEET_CLI_SPEC_FILE_FIELD_H_
#define FLEET_CLI_SPEC_FILE_FIELD_H_

#include <cstdint>
#include <map>
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
  // A number or "max".
  kInstances,
  // A number or a percentage, e.g. 2 or 25%.
  kShare,
  // One of the words in Field::choices.
  kChoice,
  kTextMap,
  // A command, or a map of command and timeout.
  kHook,
  // A list of metric gates, each a text or a map.
  kGates,
  // Anything; for what is not in force yet.
  kAny,
};

enum class Support {
  kInForce,
  // Known, accepted with a note, without effect so far.
  kNotYet,
  // PM2's own services; they have no meaning here.
  kIgnored,
};

// A value after its type was checked: the member of its type is set.
struct FieldValue {
  bool boolean = false;
  int64_t integer = 0;
  std::string text;
  std::vector<std::string> texts;
  std::vector<int> integers;
  absl::Duration duration;
  std::map<std::string, std::string> map;
  Hook hook;
  std::vector<MetricGate> gates;
};

struct Field {
  // snake_case; "readiness.http.port" stands in nested maps.
  std::string_view name;
  // Other names, with spaces between.
  std::string_view aliases;
  FieldType type;
  // Of kChoice, with spaces between.
  std::string_view choices;
  // Null unless in force.
  void (*set)(AppSpec& spec, const FieldValue& value);
  Support support;
  // What it does, in a sentence.
  std::string_view explanation;
};

// All fields, in the order of the documentation. `env_<name>` is not among
// them; AppReader knows it.
std::vector<Field> AllFields();

// The groups of the table.
std::span<const Field> ProcessFields();
std::span<const Field> LifecycleFields();
std::span<const Field> RolloutFields();

// What a value of the type looks like: `a duration such as 10s or 500ms`.
std::string ExpectedOf(const Field& field, Dialect dialect);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_FIELD_H_
