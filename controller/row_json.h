// JSON bodies of the store's rows.
#ifndef FLEET_CONTROLLER_ROW_JSON_H_
#define FLEET_CONTROLLER_ROW_JSON_H_

#include <cstdint>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace fleet::controller {

// For each enum in a row, `kAll`: pairs of value and name.
template <class E>
struct EnumNames;

// Writes fields of an object, leaving out empty texts and lists.
class RowWriter {
 public:
  template <class T>
  void operator()(const char* key, const T& value) {
    if constexpr (std::is_enum_v<T>) {
      for (const auto& [e, name] : EnumNames<T>::kAll) {
        if (e == value) json_[key] = name;
      }
    } else if constexpr (std::is_same_v<T, absl::Duration>) {
      json_[key] = absl::ToInt64Microseconds(value);
    } else if constexpr (std::is_same_v<T, absl::Time>) {
      if (value != absl::InfinitePast()) json_[key] = absl::ToUnixMicros(value);
    } else if constexpr (std::is_same_v<T, std::optional<double>>) {
      if (value.has_value()) json_[key] = *value;
    } else if constexpr (std::is_arithmetic_v<T>) {
      json_[key] = value;
    } else {
      if (!value.empty()) json_[key] = value;
    }
  }
  void Object(const char* key, nlohmann::json value) {
    json_[key] = std::move(value);
  }

  nlohmann::json Take() && { return std::move(json_); }

 private:
  nlohmann::json json_ = nlohmann::json::object();
};

// Reads them; throws nlohmann's exceptions and std::out_of_range, which
// DecodeRow catches.
class RowReader {
 public:
  explicit RowReader(const nlohmann::json& json) : json_(json) {
    if (!json.is_object()) throw std::out_of_range("not an object");
  }

  template <class T>
  void operator()(const char* key, T& value) const {
    auto it = json_.find(key);
    if (it == json_.end()) return;
    if constexpr (std::is_enum_v<T>) {
      value = EnumOf<T>(it->template get<std::string>());
    } else if constexpr (std::is_same_v<T, absl::Duration>) {
      value = absl::Microseconds(it->template get<int64_t>());
    } else if constexpr (std::is_same_v<T, absl::Time>) {
      value = absl::FromUnixMicros(it->template get<int64_t>());
    } else if constexpr (std::is_same_v<T, std::optional<double>>) {
      value = it->template get<double>();
    } else {
      value = it->template get<T>();
    }
  }
  nlohmann::json Object(const char* key) const {
    return json_.value(key, nlohmann::json::object());
  }

 private:
  template <class E>
  static E EnumOf(const std::string& name) {
    for (const auto& [e, n] : EnumNames<E>::kAll) {
      if (name == n) return e;
    }
    throw std::out_of_range("unknown value \"" + name + "\"");
  }

  const nlohmann::json& json_;
};

// Bytes that are not UTF-8 (a worker's stderr) are replaced.
inline std::string RowText(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Calls `function` with what `body` says; DATA_LOSS names `what` if it cannot
// be read.
template <class Function>
absl::Status DecodeRow(const std::string& what, const std::string& body,
                       Function function) {
  try {
    function(nlohmann::json::parse(body));
    return absl::OkStatus();
  } catch (const std::exception& e) {
    return absl::DataLossError(
        absl::StrCat(what, " cannot be read from the store: ", e.what()));
  }
}

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROW_JSON_H_
