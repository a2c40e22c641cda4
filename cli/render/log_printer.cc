#include "cli/render/log_printer.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "proto/rpc/proto_time.h"

namespace fleet::cli {
namespace {

constexpr size_t kMostSources = 10000;
constexpr std::array<Colour, 3> kAppColours = {Colour::kCyan, Colour::kGreen,
                                               Colour::kYellow};

}  // namespace

std::string LogPrinter::Line(const v1::LogLine& line) {
  if (!IsNew(line)) return "";
  const auto [app, is_new] = colours_.emplace(
      line.app(), kAppColours[colours_.size() % kAppColours.size()]);
  const bool is_err = line.stream() == v1::LOG_STREAM_ERR;
  const std::string prefix =
      absl::StrCat(line.host(), " ", line.app(), ".", line.slot());
  width_ = std::max(width_, DisplayWidth(prefix));
  return absl::StrCat(
      style_.Paint(is_err ? Colour::kRed : app->second,
                   absl::StrCat(PaddedRight(prefix, width_), " |")),
      " ", line.text(), "\n");
}

bool LogPrinter::IsNew(const v1::LogLine& line) {
  const Source source(line.host(), line.app(), line.slot(), line.stream());
  const absl::Time time = FromProto(line.time());
  const auto found = newest_.find(source);
  const bool seen = found != newest_.end() && time <= found->second;
  if (skip_seen_ && seen) return false;
  if (found != newest_.end()) {
    found->second = std::max(found->second, time);
  } else if (newest_.size() < kMostSources) {
    newest_.emplace(source, time);
  }
  return true;
}

}  // namespace fleet::cli
