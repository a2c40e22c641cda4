#include "node_agent/node_message.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/json_nesting.h"

namespace fleet::agent {
namespace {

using Json = nlohmann::json;
using Kind = NodeMessage::Kind;

constexpr size_t kMaxParsedBytes = 64 << 10;
constexpr std::string_view kInternalPrefix = "NODE_";
constexpr size_t kMaxReplyBytes = 1 << 20;
constexpr std::string_view kLongHandlePrefix = R"({"cmd":"NODE_HANDLE",)";
constexpr std::string_view kReplyPrefix = R"({"type":"axm:reply",)";

// Node's own numbers are whole; what has a fraction or an exponent may be
// beyond any integer.
int64_t IntAt(const Json& object, const char* name, int64_t fallback) {
  auto it = object.find(name);
  return it != object.end() && it->is_number_integer() ? it->get<int64_t>()
                                                       : fallback;
}

std::string TextAt(const Json& object, const char* name) {
  auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

std::string Dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

NodeQuery ParseQuery(const Json& json) {
  NodeQuery query;
  auto address = json.find("address");
  if (address != json.end() && address->is_string()) {
    query.address = address->get<std::string>();
  }
  query.port = static_cast<int>(IntAt(json, "port", 0));
  query.address_type = static_cast<int>(IntAt(json, "addressType", 4));
  std::string type = TextAt(json, "addressType");
  if (type.starts_with("udp")) {
    query.udp = true;
    query.address_type = type == "udp6" ? 6 : 4;
  }
  query.fd = static_cast<int>(IntAt(json, "fd", -1));
  query.flags = static_cast<int>(IntAt(json, "flags", 0));
  query.index = static_cast<int>(IntAt(json, "index", 0));
  auto data = json.find("data");
  if (data != json.end() && !data->is_null()) query.data = Dump(*data);
  return query;
}

Kind KindOfAct(const std::string& act) {
  if (act == "online") return Kind::kOnline;
  if (act == "queryServer") return Kind::kQueryServer;
  if (act == "listening") return Kind::kListening;
  if (act == "close") return Kind::kClose;
  if (act == "exitedAfterDisconnect") return Kind::kExitedAfterDisconnect;
  return Kind::kOtherInternal;
}

Kind KindOfType(const std::string& type) {
  if (type == "axm:action") return Kind::kAction;
  if (type == "axm:reply") return Kind::kActionReply;
  if (type == "axm:monitor") return Kind::kMetrics;
  return Kind::kApp;
}

// {"type": "axm:…", "data": {"action_name": …, "return": …}}
void ReadAction(const Json& json, NodeMessage& message) {
  auto data = json.find("data");
  if (data == json.end() || !data->is_object()) {
    message.kind = Kind::kApp;
    return;
  }
  message.key = TextAt(*data, "action_name");
  auto returned = data->find("return");
  message.inner = returned == data->end() ? "null" : Dump(*returned);
}

std::string MetricText(const Json& metric) {
  auto value = metric.find("value");
  if (value == metric.end() || value->is_null()) return "";
  const std::string text =
      value->is_string() ? value->get<std::string>() : Dump(*value);
  const std::string unit = TextAt(metric, "unit");
  return unit.empty() ? text : absl::StrCat(text, " ", unit);
}

// {"type": "axm:monitor", "data": {NAME: {"value": …, "unit": …}, …}}
void ReadMetrics(const Json& json, NodeMessage& message) {
  auto data = json.find("data");
  if (data == json.end() || !data->is_object()) {
    message.kind = Kind::kApp;
    return;
  }
  for (const auto& [name, metric] : data->items()) {
    if (message.metrics.size() >= kMostMetrics) return;
    if (!metric.is_object() || name.size() > kLongestMetric) continue;
    std::string text = MetricText(metric);
    if (text.empty() || text.size() > kLongestMetric) continue;
    message.metrics[name] = std::move(text);
  }
}

Kind KindOf(const Json& json) {
  if (json.is_string()) return json == "ready" ? Kind::kReady : Kind::kApp;
  if (!json.is_object()) return Kind::kApp;
  std::string cmd = TextAt(json, "cmd");
  if (cmd.empty()) return KindOfType(TextAt(json, "type"));
  if (!cmd.starts_with(kInternalPrefix)) return Kind::kApp;
  if (cmd == "NODE_CLUSTER") return KindOfAct(TextAt(json, "act"));
  if (cmd == "NODE_HANDLE") return Kind::kHandle;
  if (cmd == "NODE_HANDLE_ACK") return Kind::kHandleAck;
  if (cmd == "NODE_HANDLE_NACK") return Kind::kHandleNack;
  if (cmd == "NODE_FLEET_DRAINING") return Kind::kDraining;
  if (cmd == "NODE_FLEET_LOOP") return Kind::kLoop;
  return Kind::kOtherInternal;
}

}  // namespace

std::optional<NodeMessage> ParseNodeMessage(std::string_view line) {
  NodeMessage message;
  const bool reply =
      line.size() <= kMaxReplyBytes && line.starts_with(kReplyPrefix);
  if ((line.size() > kMaxParsedBytes && !reply) ||
      JsonNesting(line) > kMostNesting) {
    message.kind =
        line.starts_with(kLongHandlePrefix) ? Kind::kHandle : Kind::kApp;
    return message;
  }
  Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return std::nullopt;
  message.kind = KindOf(json);
  if (!json.is_object()) return message;
  message.seq = IntAt(json, "seq", 0);
  if (message.kind == Kind::kClose) message.key = TextAt(json, "key");
  if (message.kind == Kind::kAction || message.kind == Kind::kActionReply) {
    ReadAction(json, message);
  }
  if (message.kind == Kind::kMetrics) ReadMetrics(json, message);
  if (message.kind == Kind::kQueryServer) message.query = ParseQuery(json);
  auto free = json.find("free");
  if (message.kind == Kind::kLoop && free != json.end() && free->is_number()) {
    message.loop_free = std::clamp(free->get<double>(), 0.0, 1.0);
  }
  auto inner = json.find("msg");
  if (message.kind == Kind::kHandle && inner != json.end()) {
    message.inner = Dump(*inner);
  }
  return message;
}

std::string NodeHandleReply(bool udp, const std::string& key, int64_t ack,
                            const std::string& data, int64_t seq) {
  return absl::StrCat(R"({"cmd":"NODE_HANDLE","type":")",
                      udp ? "dgram.Native" : "net.Native",
                      R"(","msg":{"cmd":"NODE_CLUSTER","errno":0,"key":)",
                      Dump(key), R"(,"ack":)", ack, R"(,"data":)",
                      data.empty() ? "null" : data, R"(,"seq":)", seq, "}}");
}

std::string NodeErrorReply(int error_number, const std::string& key,
                           int64_t ack, int64_t seq) {
  return absl::StrCat(R"({"cmd":"NODE_CLUSTER","errno":)", -error_number,
                      R"(,"key":)", Dump(key), R"(,"ack":)", ack,
                      R"(,"data":null,"seq":)", seq, "}");
}

std::string NodeAck(int64_t ack, int64_t seq) {
  return absl::StrCat(R"({"cmd":"NODE_CLUSTER","ack":)", ack, R"(,"seq":)", seq,
                      "}");
}

std::string NodeHandleAck() { return R"({"cmd":"NODE_HANDLE_ACK"})"; }

std::string NodeDisconnect(int64_t seq) {
  return absl::StrCat(R"({"cmd":"NODE_CLUSTER","act":"disconnect","seq":)", seq,
                      "}");
}

std::string NodeDrain(const std::string& signal, int64_t grace_ms) {
  return absl::StrCat(R"({"cmd":"NODE_FLEET_DRAIN","signal":)",
                      signal.empty() ? "null" : Dump(signal), R"(,"grace":)",
                      grace_ms, "}");
}

absl::StatusOr<std::string> NodeAppMessage(std::string_view text) {
  if (JsonNesting(text) > kMostNesting) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the message nests deeper than ", kMostNesting, " levels"));
  }
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) value = std::string(text);
  if (value.is_object() && TextAt(value, "cmd").starts_with(kInternalPrefix)) {
    return absl::InvalidArgumentError(
        "a message whose cmd begins with NODE_ is Node's own and is not sent");
  }
  return Dump(value);
}

std::string NodeActionMessage(const std::string& action,
                              const std::optional<std::string>& parameter) {
  if (!parameter.has_value()) return Dump(action);
  return Dump({{"msg", action}, {"opts", *parameter}});
}

std::string NodeShutdown() { return R"("shutdown")"; }

}  // namespace fleet::agent
