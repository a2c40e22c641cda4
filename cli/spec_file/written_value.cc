#include "cli/spec_file/written_value.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {
namespace {

Value Number(std::string text) {
  Value value = NumberValue(0);
  value.text = std::move(text);
  return value;
}

Value Integers(const std::vector<int>& integers) {
  Value list = TextListValue({});
  for (const int integer : integers) list.items.push_back(NumberValue(integer));
  return list;
}

Value Variables(const FieldValue& value) {
  Value map = MapValue();
  for (const auto& [name, text] : value.map) {
    SetEntry(map, name, TextValue(text));
  }
  for (const auto& [name, secret] : value.secrets) {
    Value reference = MapValue();
    SetEntry(reference, "secret", TextValue(secret));
    SetEntry(map, name, std::move(reference));
  }
  return map;
}

Value SizeValue(int64_t bytes) {
  const std::string text = SizeText(bytes);
  return text == absl::StrCat(bytes) ? Number(text) : TextValue(text);
}

Value Watched(const std::vector<std::string>& paths) {
  if (paths.empty()) return BoolValue(false);
  return paths == std::vector<std::string>{"."} ? BoolValue(true)
                                                : TextListValue(paths);
}

Value AutoPath(const std::string& path) {
  if (path.empty()) return BoolValue(false);
  return path == kAutoLogFile ? BoolValue(true) : TextValue(path);
}

}  // namespace

// "0" reads as none, with and without a unit.
std::string DurationWord(absl::Duration duration) {
  return duration == absl::ZeroDuration() ? "0s" : DurationText(duration);
}

std::string SizeText(int64_t bytes) {
  const struct {
    char letter;
    int shift;
  } units[] = {{'T', 40}, {'G', 30}, {'M', 20}, {'K', 10}};
  for (const auto& unit : units) {
    const int64_t size = int64_t{1} << unit.shift;
    if (bytes != 0 && bytes % size == 0) {
      return absl::StrCat(bytes / size, std::string(1, unit.letter));
    }
  }
  return absl::StrCat(bytes);
}

Value WrittenValue(const Field& field, const FieldValue& value) {
  switch (field.type) {
    case FieldType::kBool:
      return BoolValue(value.boolean);
    case FieldType::kInteger:
      return Number(absl::StrCat(value.integer));
    case FieldType::kNumber:
      return Number(absl::StrCat(value.number));
    case FieldType::kOctal:
      return TextValue(absl::StrFormat("%03o", value.integer));
    case FieldType::kText:
    case FieldType::kTextOrNumber:
    case FieldType::kShare:
    case FieldType::kChoice:
    case FieldType::kCalendar:
      return TextValue(value.text);
    case FieldType::kWords:
    case FieldType::kTexts:
      return TextListValue(value.texts);
    case FieldType::kIntegers:
      return Integers(value.integers);
    case FieldType::kDuration:
      return TextValue(DurationWord(value.duration));
    case FieldType::kSize:
      return SizeValue(value.integer);
    case FieldType::kSizeOrUnlimited:
      return value.integer < 0 ? TextValue("unlimited")
                               : SizeValue(value.integer);
    case FieldType::kInstances:
      return value.integer == 0 ? TextValue("max")
                                : Number(absl::StrCat(value.integer));
    case FieldType::kEnv:
      return Variables(value);
    case FieldType::kAutoPath:
      return AutoPath(value.text);
    case FieldType::kWatch:
      return Watched(value.texts);
    case FieldType::kHook:
      return WrittenHook(value.hook);
    case FieldType::kGates:
      return WrittenGates(value.gates);
    case FieldType::kAny:
      return {};
  }
  return {};
}

}  // namespace fleet::cli
