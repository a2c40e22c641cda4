// Log lines of many hosts on one stream.
#ifndef FLEET_CLI_RENDER_LOG_PRINTER_H_
#define FLEET_CLI_RENDER_LOG_PRINTER_H_

#include <cstddef>
#include <map>
#include <string>
#include <tuple>

#include "absl/time/time.h"
#include "cli/render/text_style.h"
#include "fleet/v1/log_service.pb.h"

namespace fleet::cli {

// "host-1 web.2 | text": a prefix with a colour per app, red for stderr, as
// wide as the widest so far. The text itself is passed on as the program wrote
// it. Remembers the newest time of each instance's stream (at most 10,000), so
// that a repeated tail can be left out.
class LogPrinter {
 public:
  explicit LogPrinter(const TextStyle& style) : style_(style) {}

  // With its newline.
  std::string Line(const v1::LogLine& line);

  // From now on, lines that are not newer than what was printed are "".
  void SkipWhatWasSeen() { skip_seen_ = true; }

  // The line is news; counts it as seen.
  bool IsNew(const v1::LogLine& line);

 private:
  using Source = std::tuple<std::string, std::string, int, int>;

  TextStyle style_;
  bool skip_seen_ = false;
  size_t width_ = 0;
  std::map<Source, absl::Time> newest_;
  std::map<std::string, Colour> colours_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_LOG_PRINTER_H_
