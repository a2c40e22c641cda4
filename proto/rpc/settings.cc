#include "proto/rpc/settings.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"
#include "proto/rpc/whole_file.h"
#include "proto/rpc/yaml_document.h"

namespace fleet {

absl::StatusOr<Value> ReadSettingsFile(const std::string& path) {
  RETURN_IF_ERROR(CheckWriters(path));
  ASSIGN_OR_RETURN(std::string text, ReadWholeFile(path));
  ASSIGN_OR_RETURN(Value document, ReadYaml(text, path));
  if (document.kind == Value::Kind::kMap) return document;
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": it must be a map of settings, and is ",
      document.kind == Value::Kind::kNull ? "empty" : DescribeValue(document)));
}

Settings::Settings(std::string_view file, const Value& map,
                   std::string_view what)
    : file_(file), map_(map), what_(what) {}

void Settings::Note(Place place, std::string_view key, std::string_view why) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(absl::StrCat(
      PlaceText(file_, place), what_, ToAbsl(key), ": ", ToAbsl(why)));
}

const Value* Settings::Look(std::string_view key) {
  asked_.emplace(key);
  return map_.Find(key);
}

void Settings::Refuse(std::string_view key, std::string_view why) {
  const Value* value = Look(key);
  Note(value == nullptr ? map_.place : value->place, key, why);
}

std::string Settings::Text(std::string_view key) {
  const Value* value = Look(key);
  if (value == nullptr) return "";
  if (value->IsScalar()) return value->text;
  Note(value->place, key,
       absl::StrCat("must be a text, and is ", DescribeValue(*value)));
  return "";
}

std::string Settings::RequiredText(std::string_view key) {
  std::string text = Text(key);
  if (text.empty()) Refuse(key, "it is missing");
  return text;
}

std::optional<std::vector<std::string>> Settings::Texts(std::string_view key) {
  const Value* value = Look(key);
  if (value == nullptr) return std::nullopt;
  if (value->IsScalar()) return std::vector<std::string>{value->text};
  std::vector<std::string> texts;
  for (const Value& item : value->items) {
    if (item.IsScalar() && !item.text.empty()) {
      texts.push_back(item.text);
    } else {
      Note(item.place, key,
           absl::StrCat("must be texts, and one is ", DescribeValue(item)));
    }
  }
  if (value->kind != Value::Kind::kList) {
    Note(value->place, key,
         absl::StrCat("must be a list, and is ", DescribeValue(*value)));
  }
  return texts;
}

std::optional<bool> Settings::Bool(std::string_view key) {
  const Value* value = Look(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind == Value::Kind::kBool) return value->boolean;
  Note(value->place, key,
       absl::StrCat("must be true or false, and is ", DescribeValue(*value)));
  return std::nullopt;
}

std::optional<absl::Duration> Settings::Duration(std::string_view key) {
  const Value* value = Look(key);
  if (value == nullptr) return std::nullopt;
  absl::StatusOr<absl::Duration> duration = ParseDuration(value->text);
  if (value->IsScalar() && duration.ok()) return *duration;
  Note(value->place, key, "must be a time such as 90s, 15m or 1h");
  return std::nullopt;
}

const Value* Settings::Map(std::string_view key) {
  const Value* value = Look(key);
  if (value == nullptr || value->kind == Value::Kind::kMap) return value;
  Note(value->place, key,
       absl::StrCat("must be a map, and is ", DescribeValue(*value)));
  return nullptr;
}

const std::vector<Value>* Settings::Maps(std::string_view key) {
  const Value* value = Look(key);
  if (value == nullptr) return nullptr;
  bool maps = value->kind == Value::Kind::kList;
  for (const Value& item : value->items) {
    maps = maps && item.kind == Value::Kind::kMap;
  }
  if (maps) return &value->items;
  Note(value->place, key, "must be a list of maps");
  return nullptr;
}

absl::Status Settings::Finish() {
  for (const ValueEntry& entry : map_.entries) {
    if (asked_.contains(entry.key)) continue;
    Note(entry.place, entry.key,
         absl::StrCat("there is no such setting; known: ",
                      absl::StrJoin(asked_, ", ")));
  }
  return status_;
}

}  // namespace fleet
