#include "node_agent/notify_message.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"
#include "proto/rpc/utf8_text.h"

namespace fleet::agent {
namespace {

constexpr size_t kMaxStatusBytes = 256;

// Control characters would garble a terminal; cut where a character ends.
std::string CleanStatus(absl::string_view value) {
  std::string text = ToUtf8(ToStd(value));
  size_t size = std::min(text.size(), kMaxStatusBytes);
  while (size > 0 && !IsUtf8(std::string_view(text).substr(0, size))) --size;
  text.resize(size);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

void Assign(absl::string_view name, absl::string_view value,
            NotifyMessage& message) {
  int64_t number = 0;
  bool is_number = absl::SimpleAtoi(value, &number);
  if (name == "READY") message.ready = value == "1";
  if (name == "STOPPING") message.stopping = value == "1";
  if (name == "RELOADING") message.reloading = value == "1";
  if (name == "BARRIER") message.barrier = value == "1";
  if (name == "STATUS") message.status = CleanStatus(value);
  if (name == "MAINPID" && is_number && number > 0) {
    message.main_pid = static_cast<pid_t>(number);
  }
  if (name == "WATCHDOG") {
    message.watchdog = value == "1";
    message.watchdog_trigger = value == "trigger";
  }
  if (name == "WATCHDOG_USEC" && is_number && number >= 0) {
    message.watchdog_period = absl::Microseconds(number);
  }
  if (name == "EXTEND_TIMEOUT_USEC" && is_number && number > 0) {
    message.extend_timeout = absl::Microseconds(number);
  }
}

}  // namespace

std::optional<NotifyMessage> ParseNotifyMessage(std::string_view datagram) {
  NotifyMessage message;
  bool any = false;
  for (absl::string_view line : absl::StrSplit(ToAbsl(datagram), '\n')) {
    size_t equals = line.find('=');
    if (equals == absl::string_view::npos || equals == 0) continue;
    any = true;
    Assign(line.substr(0, equals), line.substr(equals + 1), message);
  }
  if (!any) return std::nullopt;
  return message;
}

}  // namespace fleet::agent
