#include "cli/spec_file/yaml_writer.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "proto/rpc/yaml_document.h"

namespace fleet::cli {
namespace {

using Kind = Value::Kind;

constexpr size_t kLongestLine = 60;

bool IsPlainByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("_-./@%+:").find(c) != std::string_view::npos;
}

// Read back as the same text by YAML 1.2 and, as far as true and false go, by
// 1.1.
bool IsPlainText(const std::string& text) {
  static constexpr std::string_view kWords[] = {
      "true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"};
  const std::string lower = absl::AsciiStrToLower(text);
  if (text.empty() || text[0] == '-' || text[0] == '@' || text[0] == '%' ||
      text[0] == ':' || text.back() == ':' ||
      !std::all_of(text.begin(), text.end(), IsPlainByte) ||
      std::find(std::begin(kWords), std::end(kWords), lower) !=
          std::end(kWords)) {
    return false;
  }
  const bool may_be_number =
      text.find_first_of(".0123456789") != std::string::npos &&
      text.find_first_not_of("+-.0123456789eExXoObBaAcCdDfF_:") ==
          std::string::npos;
  return !may_be_number;
}

std::string Scalar(const Value& value) {
  if (value.kind == Kind::kText && IsPlainText(value.text)) return value.text;
  return ToJson(value);
}

std::string KeyText(const std::string& key) { return Scalar(TextValue(key)); }

bool IsEmptyOrScalar(const Value& value) {
  return value.items.empty() && value.entries.empty();
}

bool FitsInLine(const Value& value) {
  if (IsEmptyOrScalar(value)) return true;
  const bool flat =
      value.kind == Kind::kList &&
      std::all_of(value.items.begin(), value.items.end(), IsEmptyOrScalar);
  return flat && ToYamlInline(value).size() <= kLongestLine;
}

void Write(const Value& value, size_t indent, std::string& out);

// "key: value", or the key and a block below it.
void WriteEntry(const ValueEntry& entry, size_t indent, std::string& out) {
  absl::StrAppend(&out, KeyText(entry.key), ":");
  if (FitsInLine(entry.value)) {
    absl::StrAppend(&out, " ", ToYamlInline(entry.value), "\n");
    return;
  }
  out += "\n";
  const bool list = entry.value.kind == Kind::kList;
  Write(entry.value, list ? indent : indent + 2, out);
}

void WriteItem(const Value& item, size_t indent, std::string& out) {
  if (FitsInLine(item)) {
    absl::StrAppend(&out, std::string(indent, ' '), "- ", ToYamlInline(item),
                    "\n");
    return;
  }
  std::string block;
  Write(item, indent + 2, block);
  block[indent] = '-';
  out += block;
}

void Write(const Value& value, size_t indent, std::string& out) {
  for (const ValueEntry& entry : value.entries) {
    out += std::string(indent, ' ');
    WriteEntry(entry, indent, out);
  }
  for (const Value& item : value.items) WriteItem(item, indent, out);
}

}  // namespace

std::string ToYamlInline(const Value& value) {
  if (value.kind == Kind::kMap) {
    std::vector<std::string> parts;
    for (const ValueEntry& entry : value.entries) {
      parts.push_back(
          absl::StrCat(KeyText(entry.key), ": ", ToYamlInline(entry.value)));
    }
    return absl::StrCat("{", absl::StrJoin(parts, ", "), "}");
  }
  if (value.kind == Kind::kList) {
    std::vector<std::string> parts;
    for (const Value& item : value.items) parts.push_back(ToYamlInline(item));
    return absl::StrCat("[", absl::StrJoin(parts, ", "), "]");
  }
  return Scalar(value);
}

std::string ToYaml(const Value& value) {
  if (FitsInLine(value)) return ToYamlInline(value) + "\n";
  std::string out;
  Write(value, 0, out);
  return out;
}

std::string ToIndentedJson(const Value& value) {
  return nlohmann::ordered_json::parse(ToJson(value)).dump(2) + "\n";
}

}  // namespace fleet::cli
