#include "node_agent/grpc_health_talk.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace fleet::agent {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr size_t kFrameHeader = 9;
constexpr size_t kMaxFrame = 16384;  // We allow no more.
constexpr size_t kMaxBytes = 64 << 10;
constexpr size_t kMessageHeader = 5;  // Compressed or not, and the length.

enum FrameType : uint8_t {
  kData = 0,
  kHeaders = 1,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
};
constexpr uint8_t kEndStream = 1;
constexpr uint8_t kAck = 1;
constexpr uint8_t kEndHeaders = 4;
constexpr uint8_t kPadded = 8;
constexpr uint8_t kPriority = 0x20;

std::string MakeFrame(uint8_t type, uint8_t flags, uint8_t stream,
                      std::string_view payload) {
  std::string frame;
  for (int shift : {16, 8, 0}) {
    frame.push_back(static_cast<char>(payload.size() >> shift));
  }
  frame.push_back(static_cast<char>(type));
  frame.push_back(static_cast<char>(flags));
  frame.append(3, '\0');
  frame.push_back(static_cast<char>(stream));
  frame.append(payload);
  return frame;
}

// RFC 7541, 5.1: an integer after `first`'s bits, of which the lowest `bits`
// are the number's.
std::string HpackInteger(uint8_t first, int bits, size_t value) {
  const size_t most = (size_t{1} << bits) - 1;
  if (value < most) return std::string(1, static_cast<char>(first | value));
  std::string text(1, static_cast<char>(first | most));
  value -= most;
  for (; value >= 128; value /= 128) {
    text.push_back(static_cast<char>(value % 128 + 128));
  }
  text.push_back(static_cast<char>(value));
  return text;
}

std::string HpackText(std::string_view text) {
  return HpackInteger(0, 7, text.size()) + std::string(text);
}

// 6.2.2: a literal that is not to be indexed; its name from the static table…
std::string HpackField(size_t name, std::string_view value) {
  return HpackInteger(0, 4, name) + HpackText(value);
}
// … or as text.
std::string HpackField(std::string_view name, std::string_view value) {
  return HpackInteger(0, 4, 0) + HpackText(name) + HpackText(value);
}

// Numbers of the static table (RFC 7541, appendix A).
constexpr size_t kAuthority = 1;
constexpr char kMethodPost = 3;
constexpr size_t kPath = 4;
constexpr char kSchemeHttp = 6;
constexpr size_t kContentType = 31;
constexpr size_t kUserAgent = 58;
constexpr char kIndexed = static_cast<char>(0x80);

std::string RequestHeaders(std::string_view authority) {
  std::string block;
  block.push_back(static_cast<char>(kIndexed | kMethodPost));
  block.push_back(static_cast<char>(kIndexed | kSchemeHttp));
  block += HpackField(kPath, "/grpc.health.v1.Health/Check");
  block += HpackField(kAuthority, authority);
  block += HpackField(kContentType, "application/grpc");
  block += HpackField("te", "trailers");
  block += HpackField(kUserAgent, "fleet-probe");
  return block;
}

std::string Varint(size_t value) {
  std::string text;
  for (; value >= 128; value /= 128) {
    text.push_back(static_cast<char>(value % 128 + 128));
  }
  text.push_back(static_cast<char>(value));
  return text;
}

uint64_t BigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (unsigned char byte : bytes) value = value << 8 | byte;
  return value;
}

// HealthCheckRequest{service}, with gRPC's header.
std::string RequestMessage(const std::string& service) {
  std::string message;
  if (!service.empty()) {
    message = absl::StrCat("\x0a", Varint(service.size()), service);
  }
  std::string framed(1, '\0');
  for (int shift : {24, 16, 8, 0}) {
    framed.push_back(static_cast<char>(message.size() >> shift));
  }
  return framed + message;
}

std::string StatusName(int status) {
  switch (status) {
    case 0:
      return "UNKNOWN";
    case 1:
      return "SERVING";
    case 2:
      return "NOT_SERVING";
    case 3:
      return "SERVICE_UNKNOWN";
    default:
      return absl::StrCat("status ", status);
  }
}

// Takes a varint off the front; false: it is cut off.
bool TakeVarint(std::string_view& bytes, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    *value |= static_cast<uint64_t>(byte & 127) << shift;
    if (byte < 128) return true;
  }
  return false;
}

// What is between the padding.
std::optional<std::string_view> Content(std::string_view payload,
                                        uint8_t flags) {
  if ((flags & kPadded) == 0) return payload;
  if (payload.empty()) return std::nullopt;
  auto padding = static_cast<unsigned char>(payload[0]);
  payload.remove_prefix(1);
  if (padding > payload.size()) return std::nullopt;
  payload.remove_suffix(padding);
  return payload;
}

}  // namespace

std::optional<int> ParseHealthStatus(std::string_view message) {
  constexpr uint64_t kStatusTag = 8;  // Field 1, a varint.
  int status = 0;
  while (!message.empty()) {
    uint64_t tag = 0;
    uint64_t value = 0;
    if (!TakeVarint(message, &tag) || !TakeVarint(message, &value)) {
      return std::nullopt;
    }
    switch (tag & 7) {
      case 0:
        if (tag == kStatusTag) status = static_cast<int>(value);
        break;
      case 2:  // Something that this version does not know.
        if (value > message.size()) return std::nullopt;
        message.remove_prefix(value);
        break;
      default:
        return std::nullopt;
    }
  }
  return status;
}

GrpcHealthTalk::GrpcHealthTalk(std::string service, std::string authority)
    : service_(std::move(service)), authority_(std::move(authority)) {}

std::string GrpcHealthTalk::Name() const {
  return service_.empty() ? "grpc health"
                          : absl::StrCat("grpc health of ", service_);
}

std::string GrpcHealthTalk::Opening() const {
  return absl::StrCat(
      absl::string_view(kPreface.data(), kPreface.size()),
      MakeFrame(kSettings, 0, 0, ""),
      MakeFrame(kHeaders, kEndHeaders, 1, RequestHeaders(authority_)),
      MakeFrame(kData, kEndStream, 1, RequestMessage(service_)));
}

std::optional<ProbeTalk::Verdict> GrpcHealthTalk::OnBytes(
    std::string_view bytes, std::string* reply) {
  if (bytes.empty()) {
    return Verdict{false, "closed the connection without an answer"};
  }
  received_.append(bytes);
  total_ += bytes.size();
  if (received_.starts_with("HTTP/1")) {
    return Verdict{false, "the answer is HTTP/1, not gRPC"};
  }
  if (total_ > kMaxBytes) return Verdict{false, "the answer is too long"};
  while (received_.size() >= kFrameHeader) {
    std::string_view all = received_;
    size_t length = BigEndian(all.substr(0, 3));
    if (length > kMaxFrame) return Verdict{false, "the answer is not HTTP/2"};
    if (all.size() < kFrameHeader + length) break;
    Frame frame;
    frame.type = static_cast<uint8_t>(all[3]);
    frame.flags = static_cast<uint8_t>(all[4]);
    frame.stream =
        static_cast<uint32_t>(BigEndian(all.substr(5, 4))) & ~(1U << 31);
    frame.payload = all.substr(kFrameHeader, length);
    if (auto verdict = OnFrame(frame, reply)) return verdict;
    received_.erase(0, kFrameHeader + length);
  }
  return std::nullopt;
}

std::optional<ProbeTalk::Verdict> GrpcHealthTalk::OnFrame(const Frame& frame,
                                                          std::string* reply) {
  bool ours = frame.stream == 1;
  switch (frame.type) {
    case kData:
      return ours ? OnData(frame) : std::nullopt;
    case kHeaders:
      return ours ? OnHeaders(frame) : std::nullopt;
    case kReset:
      if (ours) return Verdict{false, "the server reset the call"};
      return std::nullopt;
    case kSettings:
      if ((frame.flags & kAck) == 0)
        *reply += MakeFrame(kSettings, kAck, 0, "");
      return std::nullopt;
    case kPing:
      if ((frame.flags & kAck) == 0) {
        *reply += MakeFrame(kPing, kAck, 0, frame.payload);
      }
      return std::nullopt;
    case kGoAway: {
      // It may still answer calls up to this one.
      bool answers = frame.payload.size() >= 4 &&
                     (BigEndian(frame.payload.substr(0, 4)) & 0x7fffffff) >= 1;
      if (!answers) return Verdict{false, "the server is going away"};
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::optional<ProbeTalk::Verdict> GrpcHealthTalk::OnData(const Frame& frame) {
  auto content = Content(frame.payload, frame.flags);
  if (!content.has_value()) return Verdict{false, "the answer is not HTTP/2"};
  message_.append(*content);
  std::string_view message = message_;
  if (message.size() >= kMessageHeader) {
    size_t length = BigEndian(message.substr(1, 4));
    if (message.size() >= kMessageHeader + length) {
      auto status = ParseHealthStatus(message.substr(kMessageHeader, length));
      if (message[0] != 0 || !status.has_value()) {
        return Verdict{false, "the answer is not a HealthCheckResponse"};
      }
      return Verdict{*status == 1, StatusName(*status)};
    }
  }
  if ((frame.flags & kEndStream) == 0) return std::nullopt;
  return Verdict{false, "the answer is cut off"};
}

std::optional<ProbeTalk::Verdict> GrpcHealthTalk::OnHeaders(
    const Frame& frame) {
  if ((frame.flags & kEndStream) == 0) return std::nullopt;
  auto content = Content(frame.payload, frame.flags);
  std::string_view block = content.value_or("");
  constexpr size_t kPriorityBytes = 5;
  if ((frame.flags & kPriority) != 0 && block.size() >= kPriorityBytes) {
    block.remove_prefix(kPriorityBytes);
  }
  return Refused(block);
}

// The call has ended with a status alone.
ProbeTalk::Verdict GrpcHealthTalk::Refused(std::string_view headers) const {
  // Plain, and in the code of RFC 7541, appendix B, as Go and nghttp2 send it.
  // So few digits are not shorter in that.
  constexpr std::string_view kNames[] = {"grpc-status",
                                         "\x9a\xca\xc8\xb2\x12\x34\xda\x8f"};
  std::string code;
  for (std::string_view name : kNames) {
    size_t at = headers.find(name);
    if (at == std::string_view::npos || at + name.size() >= headers.size()) {
      continue;
    }
    std::string_view value = headers.substr(at + name.size());
    auto length = static_cast<unsigned char>(value[0]);
    if (length <= 2) code = std::string(value.substr(1, length));
  }
  if (code == "5") return {false, "NOT_FOUND: it knows no such service"};
  if (code == "12") {
    return {false, "UNIMPLEMENTED: it does not serve grpc.health.v1.Health"};
  }
  bool digits =
      !code.empty() && absl::ascii_isdigit(static_cast<unsigned char>(code[0]));
  return {false, absl::StrCat("the server refused the call",
                              digits ? absl::StrCat(", status ", code) : "",
                              "; it may not serve grpc.health.v1.Health")};
}

}  // namespace fleet::agent
