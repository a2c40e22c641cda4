#include "controller/name_rules.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace fleet::controller {
namespace {

constexpr size_t kMaxName = 63;

bool Allowed(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
         c == '_' || c == '-';
}

bool IsLabelWord(const std::string& word) {
  return !word.empty() && word.size() <= kMaxName &&
         std::all_of(word.begin(), word.end(),
                     [](char c) { return Allowed(c) || c == '/'; });
}

}  // namespace

absl::Status CheckLabel(const std::string& key, const std::string& value) {
  if (IsLabelWord(key) && IsLabelWord(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "label \"", absl::CHexEscape(key.substr(0, kMaxName)), "=",
      absl::CHexEscape(value.substr(0, kMaxName)),
      "\": key and value must be 1 to 63 letters, digits, '.', '_', '-' or "
      "'/'"));
}

absl::Status CheckHostName(const std::string& name) {
  if (!name.empty() && name.size() <= kMaxName && name != "all" &&
      absl::ascii_isalnum(static_cast<unsigned char>(name[0])) &&
      std::all_of(name.begin(), name.end(), Allowed)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "host name \"", absl::CHexEscape(name.substr(0, kMaxName)),
      "\": must be 1 to 63 letters, digits, '.', '_' or '-', begin with a "
      "letter or digit, and not be \"all\"; set the agent's --host-name"));
}

}  // namespace fleet::controller
