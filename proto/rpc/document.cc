#include "proto/rpc/document.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

constexpr size_t kLongestShownText = 40;

std::string Quoted(const std::string& text) {
  using Json = nlohmann::json;
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string JoinJson(const Value& value) {
  const bool is_map = value.kind == Value::Kind::kMap;
  std::string out(is_map ? "{" : "[");
  for (const Value& item : value.items) {
    if (out.size() > 1) out += ",";
    out += ToJson(item);
  }
  for (const ValueEntry& entry : value.entries) {
    if (out.size() > 1) out += ",";
    absl::StrAppend(&out, Quoted(entry.key), ":", ToJson(entry.value));
  }
  return out + (is_map ? "}" : "]");
}

}  // namespace

const Value* Value::Find(std::string_view key) const {
  for (const ValueEntry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Value MapValue() {
  Value value;
  value.kind = Value::Kind::kMap;
  return value;
}

Value TextValue(std::string_view text) {
  Value value;
  value.kind = Value::Kind::kText;
  value.text = std::string(text);
  return value;
}

Value NumberValue(int number) {
  Value value;
  value.kind = Value::Kind::kNumber;
  value.text = std::to_string(number);
  return value;
}

Value BoolValue(bool boolean) {
  Value value;
  value.kind = Value::Kind::kBool;
  value.boolean = boolean;
  value.text = boolean ? "true" : "false";
  return value;
}

Value TextListValue(const std::vector<std::string>& texts) {
  Value value;
  value.kind = Value::Kind::kList;
  for (const std::string& text : texts) value.items.push_back(TextValue(text));
  return value;
}

void SetEntry(Value& map, std::string_view key, Value value) {
  for (ValueEntry& entry : map.entries) {
    if (entry.key == key) {
      entry.value = std::move(value);
      return;
    }
  }
  map.entries.push_back({std::string(key), value.place, std::move(value)});
}

std::string DescribeValue(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kNull:
      return "nothing";
    case Value::Kind::kBool:
      return value.text;
    case Value::Kind::kNumber:
      return absl::StrCat("the number ", value.text);
    case Value::Kind::kText:
      if (value.text.size() <= kLongestShownText) {
        return absl::StrCat("the text ", Quoted(value.text));
      }
      return absl::StrCat("the text ",
                          Quoted(value.text.substr(0, kLongestShownText)), "…");
    case Value::Kind::kList:
      return "a list";
    case Value::Kind::kMap:
      return "a map";
  }
  return "";
}

std::string PlaceText(std::string_view file, Place place) {
  if (place.line == 0) return absl::StrCat(ToAbsl(file), ": ");
  return absl::StrCat(ToAbsl(file), ":", place.line, ":", place.column, ": ");
}

std::string ToJson(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kNull:
      return "null";
    case Value::Kind::kBool:
    case Value::Kind::kNumber:
      return value.text;
    case Value::Kind::kText:
      return Quoted(value.text);
    case Value::Kind::kList:
    case Value::Kind::kMap:
      return JoinJson(value);
  }
  return "";
}

}  // namespace fleet
