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

}  // namespace

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
