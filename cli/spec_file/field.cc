#include "cli/spec_file/field.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::cli {

std::vector<Field> AllFields() {
  std::vector<Field> all;
  for (const auto& group :
       {ProcessFields(), LifecycleFields(), RolloutFields()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

std::string ExpectedOf(const Field& field, Dialect dialect) {
  switch (field.type) {
    case FieldType::kBool:
      return "true or false";
    case FieldType::kInteger:
      return "a whole number";
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
    case FieldType::kInstances:
      return "a whole number or max";
    case FieldType::kShare:
      return "a number such as 2, or a percentage such as 25%";
    case FieldType::kChoice:
      return absl::StrCat(
          "one of ",
          absl::StrJoin(absl::StrSplit(ToAbsl(field.choices), ' '), ", "));
    case FieldType::kTextMap:
      return "a map of names to values";
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
