#include "cli/live_screen.h"

#include "absl/strings/str_cat.h"

namespace fleet::cli {

// One write per frame, so that it does not flicker: cursor up, each line over
// the old one with its rest erased, what is left of the old frame erased.
void LiveScreen::Draw(const std::vector<std::string>& lines) {
  std::string frame;
  if (drawn_ > 0) absl::StrAppend(&frame, "\x1b[", drawn_, "A");
  frame += "\r";
  for (const std::string& line : lines) {
    absl::StrAppend(&frame, line, "\x1b[K\n");
  }
  frame += "\x1b[J";
  out_ << frame << std::flush;
  drawn_ = lines.size();
}

}  // namespace fleet::cli
