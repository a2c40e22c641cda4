#include "proto/rpc/yaml_document.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"
#include "yaml-cpp/yaml.h"

namespace fleet {
namespace {

constexpr int kMostValues = 100000;
// An alias may stand within what it stands for, which then has no end.
constexpr int kMostLevels = 100;

bool IsNumber(const std::string& text) {
  double ignored;
  if (text.find_first_of("0123456789") == std::string::npos) return false;
  if (text.find_first_not_of("+-.0123456789eE") != std::string::npos) {
    return false;
  }
  try {
    size_t used = 0;
    ignored = std::stod(text, &used);
    (void)ignored;
    return used == text.size();
  } catch (const std::exception&) {
    return false;
  }
}

Place PlaceOf(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

// `plain`: not in quotes.
Value ScalarValue(const std::string& text, bool plain) {
  Value value;
  value.text = text;
  value.kind = Value::Kind::kText;
  if (!plain) return value;
  if (text == "true" || text == "false") {
    value.kind = Value::Kind::kBool;
    value.boolean = text == "true";
  } else if (text.empty() || text == "~" || text == "null") {
    value.kind = Value::Kind::kNull;
  } else if (IsNumber(text)) {
    value.kind = Value::Kind::kNumber;
  }
  return value;
}

class Converter {
 public:
  explicit Converter(std::string_view file) : file_(file) {}

  absl::StatusOr<Value> Convert(const YAML::Node& node) {
    if (++count_ > kMostValues) {
      return Error(node, "more than 100,000 values (through aliases?)");
    }
    if (level_ >= kMostLevels) {
      return Error(node, "more than 100 levels (an alias within itself?)");
    }
    ++level_;
    absl::StatusOr<Value> value = ConvertNode(node);
    --level_;
    return value;
  }

 private:
  absl::StatusOr<Value> ConvertNode(const YAML::Node& node) {
    Value value;
    if (node.IsScalar()) {
      value = ScalarValue(node.Scalar(), node.Tag() != "!");
    } else if (node.IsSequence()) {
      value.kind = Value::Kind::kList;
      for (const YAML::Node& item : node) {
        ASSIGN_OR_RETURN(Value converted, Convert(item));
        value.items.push_back(std::move(converted));
      }
    } else if (node.IsMap()) {
      value.kind = Value::Kind::kMap;
      RETURN_IF_ERROR(ConvertEntries(node, value));
    }
    value.place = PlaceOf(node.Mark());
    return value;
  }

  absl::Status Error(const YAML::Node& node, std::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(PlaceText(file_, PlaceOf(node.Mark())), ToAbsl(what)));
  }

  absl::Status ConvertEntries(const YAML::Node& node, Value& map) {
    std::vector<Value> merged;
    for (const auto& pair : node) {
      if (!pair.first.IsScalar()) {
        return Error(pair.first, "a key must be a plain word");
      }
      const std::string& key = pair.first.Scalar();
      ASSIGN_OR_RETURN(Value value, Convert(pair.second));
      if (key == "<<") {
        merged.push_back(std::move(value));
        continue;
      }
      if (map.Find(key) != nullptr) {
        return Error(pair.first, absl::StrCat("\"", key, "\" stands twice"));
      }
      map.entries.push_back(
          {key, PlaceOf(pair.first.Mark()), std::move(value)});
    }
    for (const Value& source : merged) Merge(source, map);
    return absl::OkStatus();
  }

  // `<<`: what the map does not say itself comes from the source.
  static void Merge(const Value& source, Value& map) {
    for (const Value& item : source.items) Merge(item, map);
    for (const ValueEntry& entry : source.entries) {
      if (map.Find(entry.key) == nullptr) map.entries.push_back(entry);
    }
  }

  std::string_view file_;
  int count_ = 0;
  int level_ = 0;
};

}  // namespace

absl::StatusOr<Value> ReadYaml(const std::string& text, std::string_view file) {
  try {
    return Converter(file).Convert(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(PlaceText(file, PlaceOf(error.mark)), error.msg));
  }
}

}  // namespace fleet
