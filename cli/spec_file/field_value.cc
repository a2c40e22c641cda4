#include "cli/spec_file/field_value.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/spec_file/policy_value.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

using Kind = Value::Kind;

absl::Status Mismatch(const Field& field, const Value& value, Dialect dialect) {
  return absl::InvalidArgumentError(
      absl::StrCat("expected ", ExpectedOf(field, dialect), ", found ",
                   DescribeValue(value)));
}

bool IsTextual(const Value& value) {
  return value.kind == Kind::kText || value.kind == Kind::kNumber;
}

// Whole numbers only, within 32 bits.
bool ReadInteger(const Value& value, int& integer) {
  return IsTextual(value) && absl::SimpleAtoi(value.text, &integer);
}

bool ReadTexts(const Value& value, std::vector<std::string>& texts) {
  if (value.kind != Kind::kList) return false;
  for (const Value& item : value.items) {
    if (!item.IsScalar()) return false;
    texts.push_back(item.text);
  }
  return true;
}

bool ReadIntegers(const Value& value, std::vector<int>& integers) {
  int integer = 0;
  if (value.kind != Kind::kList) {
    if (!ReadInteger(value, integer)) return false;
    integers.push_back(integer);
    return true;
  }
  for (const Value& item : value.items) {
    if (!ReadInteger(item, integer)) return false;
    integers.push_back(integer);
  }
  return true;
}

bool ReadBool(const Value& value, Dialect dialect, bool& boolean) {
  if (value.kind == Kind::kBool) {
    boolean = value.boolean;
    return true;
  }
  if (dialect == Dialect::kNative || value.kind != Kind::kText) return false;
  boolean = value.text == "true";
  return value.text == "true" || value.text == "false";
}

bool ReadDuration(const Value& value, Dialect dialect, absl::Duration& out) {
  if (!IsTextual(value)) return false;
  double number = 0;
  const bool bare = absl::SimpleAtod(value.text, &number);
  if (bare && number != 0 && dialect == Dialect::kNative) return false;
  const absl::StatusOr<absl::Duration> parsed = ParseDuration(value.text);
  if (parsed.ok()) out = *parsed;
  return parsed.ok();
}

bool ReadInstances(const Value& value, int64_t& instances) {
  int number = 0;
  if (value.kind == Kind::kText && value.text == "max") return true;
  if (!ReadInteger(value, number)) return false;
  instances = number;
  return true;
}

bool ReadChoice(const Field& field, const Value& value, std::string& text) {
  for (const absl::string_view choice :
       absl::StrSplit(ToAbsl(field.choices), ' ')) {
    if (value.kind == Kind::kText && value.text == ToStd(choice)) {
      text = value.text;
      return true;
    }
  }
  return false;
}

// As PM2 does: a nested object becomes its JSON. A value of null is left out.
bool ReadTextMap(const Value& value, std::map<std::string, std::string>& map) {
  if (value.kind != Kind::kMap) return false;
  for (const ValueEntry& entry : value.entries) {
    if (entry.value.kind == Kind::kNull) continue;
    map[entry.key] =
        entry.value.IsScalar() ? entry.value.text : ToJson(entry.value);
  }
  return true;
}

// A list, or one text that stands for a list of one.
bool ReadTextOrTexts(const Value& value, std::vector<std::string>& texts) {
  if (!IsTextual(value)) return ReadTexts(value, texts);
  texts.push_back(value.text);
  return true;
}

// {secret: NAME}; null when it is something else.
const Value* SecretOf(const Value& value) {
  if (value.kind != Kind::kMap || value.entries.size() != 1) return nullptr;
  const Value* name = value.Find("secret");
  return name != nullptr && IsTextual(*name) ? name : nullptr;
}

bool ReadEnv(const Value& value, FieldValue& out) {
  Value plain = value;
  std::erase_if(plain.entries, [](const ValueEntry& entry) {
    return SecretOf(entry.value) != nullptr;
  });
  for (const ValueEntry& entry : value.entries) {
    const Value* secret = SecretOf(entry.value);
    if (secret != nullptr) out.secrets[entry.key] = secret->text;
  }
  return ReadTextMap(plain, out.map);
}

// A bool, or the text of one where PM2's files and flags may have it.
std::optional<bool> SwitchOf(const Value& value, Dialect dialect) {
  bool boolean = false;
  if (!ReadBool(value, dialect, boolean)) return std::nullopt;
  return boolean;
}

bool ReadAutoPath(const Value& value, Dialect dialect, std::string& path) {
  const std::optional<bool> is_on = SwitchOf(value, dialect);
  if (!is_on.has_value()) {
    path = value.text;
    return value.kind == Kind::kText;
  }
  path = *is_on ? kAutoLogFile : "";
  return true;
}

bool ReadWatch(const Value& value, Dialect dialect,
               std::vector<std::string>& paths) {
  const std::optional<bool> is_on = SwitchOf(value, dialect);
  if (!is_on.has_value()) return ReadTextOrTexts(value, paths);
  if (*is_on) paths.emplace_back(".");
  return true;
}

bool ReadCalendar(const Value& value, std::string& calendar) {
  const bool none = (value.kind == Kind::kBool && !value.boolean) ||
                    (IsTextual(value) && value.text == "0");
  if (!none) calendar = value.text;
  return none || value.kind == Kind::kText;
}

bool ReadNumber(const Value& value, double& number) {
  return IsTextual(value) && absl::SimpleAtod(value.text, &number);
}

// The digits are octal with and without a 0 or 0o before them.
bool ReadOctal(const Value& value, int64_t& out) {
  std::string_view digits = value.text;
  if (digits.starts_with("0o")) digits.remove_prefix(2);
  if (!IsTextual(value) || digits.empty() || digits.size() > 6) return false;
  int64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '7') return false;
    number = number * 8 + (c - '0');
  }
  out = number;
  return true;
}

bool ReadText(const Value& value, std::string& text) {
  text = value.text;
  return IsTextual(value);
}

bool ReadSize(const Value& value, int64_t& bytes) {
  const absl::StatusOr<int64_t> size = ParseSize(value.text);
  if (!IsTextual(value) || !size.ok()) return false;
  bytes = *size;
  return true;
}

bool ReadSizeOrUnlimited(const Value& value, int64_t& bytes) {
  const bool unlimited = value.text == "unlimited" || value.text == "-1";
  if (!unlimited) return ReadSize(value, bytes);
  bytes = -1;
  return true;
}

bool ReadInteger64(const Value& value, int64_t& out) {
  int integer = 0;
  if (!ReadInteger(value, integer)) return false;
  out = integer;
  return true;
}

// False: the value is not of the type.
bool ReadTyped(const Field& field, const Value& value, Dialect dialect,
               FieldValue& out) {
  switch (field.type) {
    case FieldType::kBool:
      return ReadBool(value, dialect, out.boolean);
    case FieldType::kInteger:
      return ReadInteger64(value, out.integer);
    case FieldType::kText:
    case FieldType::kTextOrNumber:
      return ReadText(value, out.text);
    case FieldType::kShare:
      return ReadText(value, out.text) &&
             CheckNumberOrPercent(out.text, 0).ok();
    case FieldType::kWords:
    case FieldType::kTexts:
      return ReadTextOrTexts(value, out.texts);
    case FieldType::kIntegers:
      return ReadIntegers(value, out.integers);
    case FieldType::kDuration:
      return ReadDuration(value, dialect, out.duration);
    case FieldType::kSize:
      return ReadSize(value, out.integer);
    case FieldType::kInstances:
      return ReadInstances(value, out.integer);
    case FieldType::kChoice:
      return ReadChoice(field, value, out.text);
    case FieldType::kNumber:
      return ReadNumber(value, out.number);
    case FieldType::kOctal:
      return ReadOctal(value, out.integer);
    case FieldType::kSizeOrUnlimited:
      return ReadSizeOrUnlimited(value, out.integer);
    case FieldType::kEnv:
      return ReadEnv(value, out);
    case FieldType::kAutoPath:
      return ReadAutoPath(value, dialect, out.text);
    case FieldType::kWatch:
      return ReadWatch(value, dialect, out.texts);
    case FieldType::kCalendar:
      return ReadCalendar(value, out.text);
    case FieldType::kHook:
    case FieldType::kGates:
      break;  // They have errors of their own.
    case FieldType::kAny:
      return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<FieldValue> ReadFieldValue(const Field& field,
                                          const Value& value, Dialect dialect) {
  FieldValue out;
  if (field.type == FieldType::kWords && value.kind == Kind::kText) {
    ASSIGN_OR_RETURN(out.texts, SplitWords(value.text));
    return out;
  }
  if (field.type == FieldType::kHook) {
    ASSIGN_OR_RETURN(out.hook, ReadHook(value));
    return out;
  }
  if (field.type == FieldType::kGates) {
    ASSIGN_OR_RETURN(out.gates, ReadGates(value));
    return out;
  }
  if (!ReadTyped(field, value, dialect, out)) {
    return Mismatch(field, value, dialect);
  }
  return out;
}

absl::StatusOr<std::vector<std::string>> SplitWords(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool blank = c == ' ' || c == '\t' || c == '\n';
    if (quote == 0 && blank) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      words.back() += text[++i];
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the quote ", std::string(1, quote), " is not closed in ",
                     DescribeValue(TextValue(text))));
  }
  return words;
}

}  // namespace fleet::cli
