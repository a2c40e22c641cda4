// What to send to a terminal so that it shows another screen.
#ifndef FLEET_CLI_MONIT_FRAME_DIFF_H_
#define FLEET_CLI_MONIT_FRAME_DIFF_H_

#include <string>

#include "cli/monit/cell_buffer.h"

namespace fleet::cli {

// The bytes that bring a terminal from `shown` to `wanted`: only cells that
// differ are written, so a slow line carries little and nothing flickers.
// Buffers of different sizes: everything is drawn anew. Empty when nothing
// differs. Afterwards the style is the terminal's own.
//
// Escape sequences are those of ECMA-48 that every terminal knows: CUP, SGR,
// ED.
std::string FrameDiff(const CellBuffer& shown, const CellBuffer& wanted,
                      bool colours);

}  // namespace fleet::cli

#endif  // FLEET_CLI_MONIT_FRAME_DIFF_H_
