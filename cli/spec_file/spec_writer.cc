#include "cli/spec_file/spec_writer.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "cli/spec_file/written_value.h"

namespace fleet::cli {
namespace {

constexpr std::string_view kKnownBy[] = {"name", "script", "cwd"};
constexpr std::string_view kWorkedOut[] = {"interpreter", "instances",
                                           "exec_mode", "hosts"};

template <size_t kSize>
bool Lists(const std::string_view (&names)[kSize], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool Wanted(const Field& field, const FieldValue& value,
            const AppSpec& defaults, Written how) {
  const bool unset = field.type == FieldType::kShare && value.text.empty();
  if (unset) return false;
  if (how == Written::kAll || Lists(kKnownBy, field.name)) return true;
  if (how == Written::kResolved && Lists(kWorkedOut, field.name)) return true;
  return field.get(defaults) != value;
}

// "readiness.http.port" goes into nested maps.
void SetNested(Value& map, std::string_view name, Value value) {
  const size_t dot = name.find('.');
  if (dot == name.npos) {
    SetEntry(map, name, std::move(value));
    return;
  }
  const std::string_view group = name.substr(0, dot);
  if (map.Find(group) == nullptr) SetEntry(map, group, MapValue());
  for (ValueEntry& entry : map.entries) {
    if (entry.key == group) {
      SetNested(entry.value, name.substr(dot + 1), std::move(value));
      return;
    }
  }
}

}  // namespace

AppSpec DefaultSpec(const AppSpec& like) {
  AppSpec spec;
  spec.name = like.name;
  spec.script = like.script;
  spec.cwd = like.cwd;
  ApplyDefaults(spec);
  return spec;
}

Value WriteApp(const AppSpec& spec, Written how) {
  const AppSpec defaults = DefaultSpec(spec);
  Value app = MapValue();
  for (const Field& field : AllFields()) {
    if (field.get == nullptr) continue;
    const std::optional<FieldValue> value = field.get(spec);
    if (!value.has_value() || !Wanted(field, *value, defaults, how)) continue;
    SetNested(app, field.name, WrittenValue(field, *value));
  }
  return app;
}

Value WriteApps(const std::vector<AppSpec>& specs, Written how) {
  Value apps;
  apps.kind = Value::Kind::kList;
  for (const AppSpec& spec : specs) apps.items.push_back(WriteApp(spec, how));
  Value document = MapValue();
  SetEntry(document, "apps", std::move(apps));
  return document;
}

}  // namespace fleet::cli
