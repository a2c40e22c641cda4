// Rows of the field table that stand for one member of AppSpec: how it is
// reached, set and read. Used by the files of the table alone.
#ifndef FLEET_CLI_SPEC_FILE_FIELD_ACCESS_H_
#define FLEET_CLI_SPEC_FILE_FIELD_ACCESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/spec_file/field.h"

namespace fleet::cli {

// Between a FieldValue and a member, by the member's type.
inline void Store(const FieldValue& v, bool& to) { to = v.boolean; }
inline void Store(const FieldValue& v, int& to) {
  to = static_cast<int>(v.integer);
}
inline void Store(const FieldValue& v, uint32_t& to) {
  to = static_cast<uint32_t>(v.integer);
}
inline void Store(const FieldValue& v, int64_t& to) { to = v.integer; }
inline void Store(const FieldValue& v, double& to) { to = v.number; }
inline void Store(const FieldValue& v, std::string& to) { to = v.text; }
inline void Store(const FieldValue& v, absl::Duration& to) { to = v.duration; }
inline void Store(const FieldValue& v, std::vector<std::string>& to) {
  to = v.texts;
}
inline void Store(const FieldValue& v, std::vector<int>& to) {
  to = v.integers;
}
template <typename T>
void Store(const FieldValue& v, std::optional<T>& to) {
  Store(v, to.emplace());
}

inline void Load(bool from, FieldValue& v) { v.boolean = from; }
inline void Load(int from, FieldValue& v) { v.integer = from; }
inline void Load(uint32_t from, FieldValue& v) { v.integer = from; }
inline void Load(int64_t from, FieldValue& v) { v.integer = from; }
inline void Load(double from, FieldValue& v) { v.number = from; }
inline void Load(const std::string& from, FieldValue& v) { v.text = from; }
inline void Load(absl::Duration from, FieldValue& v) { v.duration = from; }
inline void Load(const std::vector<std::string>& from, FieldValue& v) {
  v.texts = from;
}
inline void Load(const std::vector<int>& from, FieldValue& v) {
  v.integers = from;
}

template <typename T>
T& Opened(T& from) {
  return from;
}
// A probe is there once one of its fields is.
template <typename T>
T& Opened(std::optional<T>& from) {
  return from.has_value() ? *from : from.emplace();
}
template <typename T>
const T* Seen(const T& from) {
  return &from;
}
template <typename T>
const T* Seen(const std::optional<T>& from) {
  return from.has_value() ? &*from : nullptr;
}

template <auto First, auto... Rest, typename T>
auto& Reach(T& from) {
  auto& next = from.*First;
  if constexpr (sizeof...(Rest) == 0) {
    return next;
  } else {
    return Reach<Rest...>(Opened(next));
  }
}

// False: something on the way, or the member itself, is not set.
template <auto First, auto... Rest, typename T>
bool LoadFrom(const T& from, FieldValue& v) {
  const auto* next = Seen(from.*First);
  if (next == nullptr) return false;
  if constexpr (sizeof...(Rest) == 0) {
    Load(*next, v);
    return true;
  } else {
    return LoadFrom<Rest...>(*next, v);
  }
}

// The row for the member that `Members` lead to from AppSpec, through optional
// parts as well.
template <auto... Members>
constexpr Field At(Field row) {
  row.set = [](AppSpec& spec, const FieldValue& value) {
    Store(value, Reach<Members...>(spec));
  };
  row.get = [](const AppSpec& spec) -> std::optional<FieldValue> {
    FieldValue value;
    if (!LoadFrom<Members...>(spec, value)) return std::nullopt;
    return value;
  };
  return row;
}

// For rows of a choice: the word.
inline std::optional<FieldValue> Word(std::string word) {
  FieldValue value;
  value.text = std::move(word);
  return value;
}

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_FIELD_ACCESS_H_
