#include "proto/rpc/capability_name.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

// In the order of linux/capability.h: the place is the number.
constexpr std::array<std::string_view, 41> kNames = {
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
};

}  // namespace

std::optional<int> CapabilityNumber(std::string_view name) {
  const std::string upper = absl::AsciiStrToUpper(ToAbsl(name));
  absl::string_view bare = upper;
  absl::ConsumePrefix(&bare, "CAP_");
  const auto* found = std::find(kNames.begin(), kNames.end(), ToStd(bare));
  if (found == kNames.end()) return std::nullopt;
  return static_cast<int>(std::distance(kNames.begin(), found));
}

}  // namespace fleet
