#include "cli/spec_file/json_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "proto/rpc/json_nesting.h"

namespace fleet::cli {
namespace {

using Json = nlohmann::ordered_json;

Value Convert(const Json& json) {
  Value value;
  if (json.is_object()) {
    value.kind = Value::Kind::kMap;
    for (const auto& [key, member] : json.items()) {
      value.entries.push_back({key, {}, Convert(member)});
    }
  } else if (json.is_array()) {
    value.kind = Value::Kind::kList;
    for (const Json& item : json) value.items.push_back(Convert(item));
  } else if (json.is_string()) {
    value.kind = Value::Kind::kText;
    value.text = json.get<std::string>();
  } else if (json.is_boolean()) {
    value = BoolValue(json.get<bool>());
  } else if (json.is_number()) {
    value.kind = Value::Kind::kNumber;
    value.text = json.dump();
  }
  return value;
}

}  // namespace

absl::StatusOr<Value> ReadJson(const std::string& text) {
  if (JsonNesting(text) > kMostNesting) {
    return absl::InvalidArgumentError(
        absl::StrCat("lists and maps nest deeper than ", kMostNesting));
  }
  try {
    return Convert(Json::parse(text));
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace fleet::cli
