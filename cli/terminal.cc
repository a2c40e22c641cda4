#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace fleet::cli {

TerminalSize SizeOfTerminal(int fd) {
  winsize size = {};
  TerminalSize out;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return out;
  if (size.ws_col > 0) out.width = size.ws_col;
  if (size.ws_row > 0) out.height = size.ws_row;
  return out;
}

bool IsTerminal(int fd, const Environment& env) {
  return isatty(fd) == 1 && env("TERM") != "dumb";
}

TextStyle StyleOf(int fd, const Environment& env, bool no_color) {
  const bool wanted = !no_color && env("NO_COLOR").empty();
  return {.colours = wanted && IsTerminal(fd, env)};
}

}  // namespace fleet::cli
