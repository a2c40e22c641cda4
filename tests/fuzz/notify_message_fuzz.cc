// Datagrams of sd_notify(3).
#include <string_view>

#include "node_agent/notify_message.h"
#include "proto/rpc/status.h"
#include "proto/rpc/utf8_text.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto message =
      fleet::agent::ParseNotifyMessage(fleet::fuzz::Input(data, size).Rest());
  if (!message.has_value() || !message->status.has_value()) return 0;
  FLEET_CHECK(message->status->size() <= 256);
  FLEET_CHECK(fleet::IsUtf8(*message->status));
  for (const char c : *message->status) {
    FLEET_CHECK(static_cast<unsigned char>(c) >= 0x20);
  }
  return 0;
}
