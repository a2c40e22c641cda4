#include "cli/render/log_printer.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "proto/rpc/proto_time.h"

namespace fleet::cli {
namespace {

constexpr size_t kMostSources = 10000;
constexpr std::array<Colour, 6> kColours = {Colour::kCyan,    Colour::kGreen,
                                            Colour::kYellow,  Colour::kBlue,
                                            Colour::kMagenta, Colour::kGrey};

// "web.2", or "web" for a file that the instances share.
std::string InstanceName(const v1::LogLine& line) {
  return line.slot() < 0 ? line.app()
                         : absl::StrCat(line.app(), ".", line.slot());
}

// The same for an instance in every run.
Colour ColourOf(const v1::LogLine& line) {
  uint64_t hash = 1469598103934665603U;
  for (const char c : absl::StrCat(line.host(), " ", InstanceName(line))) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211U;
  }
  return kColours[(hash >> 20) % kColours.size()];
}

// The log file is in this form itself (log_type: json).
bool IsJsonLine(const v1::LogLine& line) {
  if (!line.text().starts_with("{\"timestamp\":") || line.cut_bytes() > 0) {
    return false;
  }
  const auto json = nlohmann::json::parse(line.text(), nullptr,
                                          /*allow_exceptions=*/false);
  return json.is_object() && json.contains("app_name") &&
         json.contains("message");
}

bool IsErr(const v1::LogLine& line) {
  return line.stream() == v1::LOG_STREAM_ERR;
}

}  // namespace

std::string LogPrinter::Line(const v1::LogLine& line) {
  if (!IsNew(line)) return "";
  if (options_.json) return Json(line);
  std::string out = options_.raw ? "" : Prefix(line);
  if (options_.timestamp.has_value()) {
    absl::StrAppend(
        &out, options_.timestamp->Format(FromProto(line.time()), options_.zone),
        ": ");
  }
  absl::StrAppend(&out, Text(line));
  if (line.cut_bytes() > 0) {
    absl::StrAppend(&out, " … and ", line.cut_bytes(), " bytes more");
  }
  return out + "\n";
}

std::string LogPrinter::Prefix(const v1::LogLine& line) {
  const std::string prefix = absl::StrCat(line.host(), " ", InstanceName(line));
  width_ = std::max(width_, DisplayWidth(prefix));
  const Colour colour = ColourOf(line);
  return absl::StrCat(style_.Paint(colour, PaddedRight(prefix, width_) + " "),
                      style_.Paint(IsErr(line) ? Colour::kRed : colour, "|"),
                      " ");
}

std::string LogPrinter::Text(const v1::LogLine& line) const {
  const std::string& word = options_.highlight;
  if (word.empty() || !style_.colours) return line.text();
  std::string out;
  size_t from = 0;
  for (size_t at = line.text().find(word); at != std::string::npos;
       at = line.text().find(word, from)) {
    absl::StrAppend(&out, line.text().substr(from, at - from),
                    style_.Paint(Colour::kReverse, word));
    from = at + word.size();
  }
  return out + line.text().substr(from);
}

std::string LogPrinter::Json(const v1::LogLine& line) const {
  if (IsJsonLine(line)) return absl::StrCat(line.text(), "\n");
  const absl::Time time = FromProto(line.time());
  nlohmann::ordered_json json;
  json["timestamp"] =
      options_.timestamp.has_value()
          ? options_.timestamp->Format(time, options_.zone)
          : std::string(absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time,
                                         absl::UTCTimeZone()));
  json["type"] = IsErr(line) ? "err" : "out";
  json["app_name"] = line.app();
  json["process_id"] = line.slot();
  json["host"] = line.host();
  json["message"] = line.text();
  if (line.cut_bytes() > 0) json["cut_bytes"] = line.cut_bytes();
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

bool LogPrinter::IsNew(const v1::LogLine& line) {
  const Source source(line.host(), line.app(), line.slot(), line.stream());
  const Place place = {line.position(), FromProto(line.time())};
  newest_ = std::max(newest_, place.time);
  const auto found = seen_.find(source);
  if (found == seen_.end()) {
    if (seen_.size() < kMostSources) seen_.emplace(source, place);
    return true;
  }
  const bool by_position = place.position > 0 && found->second.position > 0;
  const bool seen = by_position ? place.position <= found->second.position
                                : place.time <= found->second.time;
  if (skip_seen_ && seen) return false;
  if (!seen) found->second = place;
  return true;
}

}  // namespace fleet::cli
