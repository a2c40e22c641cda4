// What a stream is: a terminal, how large, with colours or not.
#ifndef FLEET_CLI_TERMINAL_H_
#define FLEET_CLI_TERMINAL_H_

#include <cstddef>

#include "cli/controller_address.h"
#include "cli/render/text_style.h"

namespace fleet::cli {

struct TerminalSize {
  size_t width = 80;
  size_t height = 24;
};

// Of the terminal at `fd` now.
TerminalSize SizeOfTerminal(int fd);

// `fd` is a terminal that can move its cursor (TERM is not "dumb").
bool IsTerminal(int fd, const Environment& env);

// Colours on a terminal only, and not when NO_COLOR is set
// (https://no-color.org) or `--no-color` was given.
TextStyle StyleOf(int fd, const Environment& env, bool no_color);

}  // namespace fleet::cli

#endif  // FLEET_CLI_TERMINAL_H_
