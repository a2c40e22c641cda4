// The settings in a file that an administrator writes, read strictly.
#ifndef FLEET_PROTO_RPC_SETTINGS_H_
#define FLEET_PROTO_RPC_SETTINGS_H_

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/rpc/document.h"

namespace fleet {

// Reads a file of at most 1 MiB whose document is a map. Nobody but its owner,
// who is this user or root, may be able to write to it: what it says is what
// others may do. NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT; every message
// names the file.
absl::StatusOr<Value> ReadSettingsFile(const std::string& path);

// One map of such a file. Each getter looks a key up, and notes the first thing
// that is wrong; a key that none has asked for is wrong, too. Used by the
// controller (issuers) and the agent (policy). Not thread-safe.
class Settings {
 public:
  // `map` outlives it; `what` is its place for messages, e.g. "rules[0].".
  Settings(std::string_view file, const Value& map, std::string_view what = "");

  bool Has(std::string_view key) const { return map_.Find(key) != nullptr; }
  // "" when it is not there.
  std::string Text(std::string_view key);
  // As Text; one that is missing or empty is wrong.
  std::string RequiredText(std::string_view key);
  // A list of texts, or one text; nullopt: not there.
  std::optional<std::vector<std::string>> Texts(std::string_view key);
  std::optional<bool> Bool(std::string_view key);
  // "90s", "1h"; nullopt: not there.
  std::optional<absl::Duration> Duration(std::string_view key);
  // Null when it is not there; anything but a map, or a list of maps, is wrong.
  const Value* Map(std::string_view key);
  const std::vector<Value>* Maps(std::string_view key);

  // What the caller finds wrong with a key's value.
  void Refuse(std::string_view key, std::string_view why);
  // INVALID_ARGUMENT "FILE:LINE:COLUMN: KEY: what, and what would be right".
  absl::Status Finish();

 private:
  const Value* Look(std::string_view key);
  void Note(Place place, std::string_view key, std::string_view why);

  const std::string file_;
  const Value& map_;
  const std::string what_;
  std::set<std::string, std::less<>> asked_;
  absl::Status status_;
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_SETTINGS_H_
