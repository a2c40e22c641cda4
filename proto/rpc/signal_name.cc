#include "proto/rpc/signal_name.h"

#include <csignal>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/rpc/status.h"

namespace fleet {

std::optional<int> SignalNumber(std::string_view name) {
  std::string upper = absl::AsciiStrToUpper(ToAbsl(name));
  absl::string_view bare = upper;
  absl::ConsumePrefix(&bare, "SIG");
  for (int number = 1; number < SIGRTMIN; ++number) {
    const char* known = sigabbrev_np(number);
    if (known != nullptr && bare == known) return number;
  }
  return std::nullopt;
}

std::string SignalName(int number) {
  const char* known = sigabbrev_np(number);
  if (known != nullptr) return absl::StrCat("SIG", known);
  return absl::StrCat("signal ", number);
}

}  // namespace fleet
