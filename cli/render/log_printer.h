// Log lines of many hosts on one stream.
#ifndef FLEET_CLI_RENDER_LOG_PRINTER_H_
#define FLEET_CLI_RENDER_LOG_PRINTER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "absl/time/time.h"
#include "cli/render/text_style.h"
#include "fleet/v1/log_service.pb.h"
#include "proto/rpc/date_format.h"

namespace fleet::cli {

struct LogPrintOptions {
  // The text alone, as the program wrote it.
  bool raw = false;
  // An object with PM2's keys on each line.
  bool json = false;
  // The time before each line.
  std::optional<DateFormat> timestamp;
  absl::TimeZone zone = absl::UTCTimeZone();
  // Painted where it occurs; empty: nothing.
  std::string highlight;
};

// "host-1 web.2 | text": a prefix as wide as the widest so far, in a colour of
// the instance's own, with a red bar for stderr. The text itself is passed on
// as the program wrote it. Remembers the newest place of each instance's stream
// (at most 10,000), so that a repeated tail can be left out.
class LogPrinter {
 public:
  LogPrinter(const TextStyle& style, LogPrintOptions options)
      : style_(style), options_(std::move(options)) {}

  // With its newline; "" for one that was seen.
  std::string Line(const v1::LogLine& line);

  // From now on, lines that are not newer than what was printed are "".
  void SkipWhatWasSeen() { skip_seen_ = true; }
  // When the newest line so far was written; InfinitePast: there was none.
  absl::Time newest() const { return newest_; }

 private:
  using Source = std::tuple<std::string, std::string, int, int>;
  struct Place {
    int64_t position = 0;
    absl::Time time;
  };

  bool IsNew(const v1::LogLine& line);
  std::string Prefix(const v1::LogLine& line);
  std::string Text(const v1::LogLine& line) const;
  std::string Json(const v1::LogLine& line) const;

  const TextStyle style_;
  const LogPrintOptions options_;
  bool skip_seen_ = false;
  absl::Time newest_ = absl::InfinitePast();
  size_t width_ = 0;
  std::map<Source, Place> seen_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_LOG_PRINTER_H_
