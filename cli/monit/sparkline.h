// A row of small bars.
#ifndef FLEET_CLI_MONIT_SPARKLINE_H_
#define FLEET_CLI_MONIT_SPARKLINE_H_

#include <cstddef>
#include <deque>
#include <string>

namespace fleet::cli {

// The newest `width` values, a character each, the newest at the right; where
// there are none yet, blanks. `top` is a full bar; 0: the largest of those
// shown. Without `utf8` the bars are of ASCII.
std::string Sparkline(const std::deque<double>& values, size_t width,
                      double top, bool utf8);

}  // namespace fleet::cli

#endif  // FLEET_CLI_MONIT_SPARKLINE_H_
