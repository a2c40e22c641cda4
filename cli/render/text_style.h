// Colours, and text that is safe to show.
#ifndef FLEET_CLI_RENDER_TEXT_STYLE_H_
#define FLEET_CLI_RENDER_TEXT_STYLE_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace fleet::cli {

enum class Colour {
  kNone,
  kBold,
  kReverse,
  kGrey,
  kRed,
  kGreen,
  kYellow,
  kBlue,
  kMagenta,
  kCyan
};

// A plain value: how a stream wants its text.
struct TextStyle {
  bool colours = false;

  std::string Paint(Colour colour, std::string_view text) const;
};

// The parameters of SGR (ECMA-48) that paint it; "" for kNone.
const char* ColourCode(Colour colour);

// Control characters become "\x1b" and so on, so that what a program wrote
// cannot steer the terminal. A newline becomes a blank.
std::string Printable(std::string_view text);

// Columns that `text`, without colours, takes: its characters.
size_t DisplayWidth(std::string_view text);

// At most `width` columns; what is cut ends in "…".
std::string Truncated(std::string_view text, size_t width);

// Broken at blanks into lines of at most `width` columns, longer words apart.
// The first begins at column `indent`; the others are indented so far.
std::string Wrapped(std::string_view text, size_t indent, size_t width);

// With blanks behind (or before) up to `width` columns.
std::string PaddedRight(std::string_view text, size_t width);
std::string PaddedLeft(std::string_view text, size_t width);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_TEXT_STYLE_H_
