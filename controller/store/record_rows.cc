#include "controller/store/record_rows.h"

#include <sstream>

#include "absl/strings/str_cat.h"
#include "controller/store/host_proto.h"
#include "controller/store/step_proto.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "proto/rpc/app_spec_proto.h"

namespace fleet::controller {
namespace {

// Maps in a fixed order, so that equal messages give equal bytes.
std::string Serialize(const google::protobuf::MessageLite& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

}  // namespace

std::string SpecToBytes(const AppSpec& spec) {
  return Serialize(ToProto(spec));
}

AppSpec SpecFromBytes(const std::string& bytes) {
  v1::AppSpec message;
  if (!message.ParseFromString(bytes)) message.Clear();
  return fleet::FromProto(message);
}

std::string HostToBytes(const HostRecord& host) {
  return Serialize(ToProto(host));
}

HostRecord HostFromBytes(const std::string& name, const std::string& bytes,
                         absl::Time last_seen) {
  v1::Host message;
  if (!message.ParseFromString(bytes)) message.Clear();
  HostRecord host = FromProto(message);
  host.name = name;
  host.last_seen = last_seen;
  return host;
}

std::string StepToBytes(const StepPolicy& step) {
  return Serialize(ToProto(step));
}

StepPolicy StepFromBytes(const std::string& bytes) {
  v1::StepPolicy message;
  if (!message.ParseFromString(bytes)) message.Clear();
  return FromProto(message);
}

std::string HookToBytes(const HookOrder& order) {
  return order.id.empty() ? "" : Serialize(ToProto(order));
}

HookOrder HookFromBytes(const std::string& host, const std::string& bytes) {
  v1::OnceHook message;
  if (bytes.empty() || !message.ParseFromString(bytes)) return {};
  return FromProto(host, message);
}

std::string SlotOrdersToText(const std::map<int, SlotOrder>& orders) {
  std::string text;
  for (const auto& [slot, order] : orders) {
    absl::StrAppend(&text, slot, " ", order.stopped ? 1 : 0, " ",
                    order.start_nonce, "\n");
  }
  return text;
}

std::map<int, SlotOrder> SlotOrdersFromText(const std::string& text) {
  std::map<int, SlotOrder> orders;
  std::istringstream lines(text);
  int slot = 0;
  SlotOrder order;
  while (lines >> slot >> order.stopped >> order.start_nonce) {
    orders[slot] = order;
  }
  return orders;
}

}  // namespace fleet::controller
