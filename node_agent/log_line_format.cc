#include "node_agent/log_line_format.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/rpc/status.h"
#include "proto/rpc/utf8_text.h"

namespace fleet::agent {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// True: stands in a JSON string as it is.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c < 0x7F; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

void AppendEscaped(char c, std::string& out) {
  switch (c) {
    case '"':
    case '\\':
      out += '\\';
      out += c;
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<uint8_t>(c));
  }
}

absl::TimeZone ZoneOf(const LogPolicy& policy) {
  return policy.json && policy.date_format.empty() ? absl::UTCTimeZone()
                                                   : absl::LocalTimeZone();
}

std::optional<DateFormat> DateFormatOf(const LogPolicy& policy) {
  if (policy.date_format.empty()) return std::nullopt;
  // A spec with another one is refused before it comes here.
  auto parsed = DateFormat::Parse(policy.date_format);
  return parsed.ok() ? std::make_optional(*std::move(parsed)) : std::nullopt;
}

}  // namespace

void AppendJsonText(std::string_view text, std::string& out) {
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && kPlain[static_cast<uint8_t>(text[end])]) ++end;
    out.append(text.data() + i, end - i);
    i = end;
    if (i == text.size()) return;
    if (static_cast<uint8_t>(text[i]) < 0x80) {
      AppendEscaped(text[i++], out);
      continue;
    }
    size_t length = Utf8CharacterLength(text.substr(i));
    out += length == 0 ? kReplacement : text.substr(i, length);
    i += std::max<size_t>(length, 1);
  }
}

LogLineFormat::LogLineFormat(const LogPolicy& policy, const std::string& host,
                             const LogOrigin& origin)
    : form_(policy.json                  ? Form::kJson
            : policy.date_format.empty() ? Form::kRaw
                                         : Form::kDated),
      date_(DateFormatOf(policy)),
      zone_(ZoneOf(policy)) {
  origin_ = "\",\"type\":\"";
  origin_ += origin.stream == LogStreamKind::kOut ? "out" : "err";
  origin_ += "\",\"app_name\":\"";
  AppendJsonText(origin.app, origin_);
  absl::StrAppend(&origin_, "\",\"process_id\":", origin.slot, ",\"host\":\"");
  AppendJsonText(host, origin_);
  origin_ += "\",";
}

void LogLineFormat::SetTime(absl::Time time) {
  if (time == time_) return;
  time_ = time;
  std::string text =
      date_.has_value()
          ? date_->Format(time, zone_)
          : std::string(absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, zone_));
  if (form_ == Form::kDated) {
    prefix_ = text + ": ";
    return;
  }
  prefix_ = "{\"timestamp\":\"";
  AppendJsonText(text, prefix_);
  prefix_ += origin_;
}

void LogLineFormat::AppendLine(std::string_view line, bool ended,
                               std::string& out) const {
  out += prefix_;
  if (form_ == Form::kDated) {
    out += line;
  } else {
    out += ended ? "\"message\":\"" : "\"partial\":true,\"message\":\"";
    AppendJsonText(line, out);
    out += "\"}";
  }
  out += '\n';
}

size_t LogLineFormat::Append(std::string_view bytes, absl::Time time,
                             size_t room, std::string& out) {
  if (!raw()) SetTime(time);
  size_t taken = 0;
  while (taken < bytes.size()) {
    std::string_view rest = bytes.substr(taken);
    size_t end = rest.find('\n');
    bool ended = end != std::string_view::npos;
    std::string_view line = rest.substr(0, end);
    size_t before = out.size();
    if (raw()) {
      out += rest.substr(0, line.size() + (ended ? 1 : 0));
    } else {
      AppendLine(line, ended, out);
    }
    if (out.size() > room) {
      out.resize(before);
      break;
    }
    taken += line.size() + (ended ? 1 : 0);
  }
  return taken;
}

}  // namespace fleet::agent
