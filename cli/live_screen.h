// Lines of a terminal that are drawn over and over.
#ifndef FLEET_CLI_LIVE_SCREEN_H_
#define FLEET_CLI_LIVE_SCREEN_H_

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace fleet::cli {

// Each Draw replaces what the last one drew, in place; lines must fit the
// terminal. What is written after the last Draw stands below. `out` must
// outlive it.
class LiveScreen {
 public:
  explicit LiveScreen(std::ostream& out) : out_(out) {}

  void Draw(const std::vector<std::string>& lines);

 private:
  std::ostream& out_;
  size_t drawn_ = 0;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_LIVE_SCREEN_H_
