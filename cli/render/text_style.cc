#include "cli/render/text_style.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

bool StartsCharacter(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

std::string Blanks(std::string_view text, size_t width) {
  const size_t used = DisplayWidth(text);
  return std::string(used < width ? width - used : 0, ' ');
}

}  // namespace

const char* ColourCode(Colour colour) {
  switch (colour) {
    case Colour::kNone:
      return "";
    case Colour::kBold:
      return "1";
    case Colour::kReverse:
      return "7";
    case Colour::kBlue:
      return "34";
    case Colour::kMagenta:
      return "35";
    case Colour::kGrey:
      return "90";
    case Colour::kRed:
      return "31";
    case Colour::kGreen:
      return "32";
    case Colour::kYellow:
      return "33";
    case Colour::kCyan:
      return "36";
  }
  return "";
}

std::string TextStyle::Paint(Colour colour, std::string_view text) const {
  if (!colours || colour == Colour::kNone) return std::string(text);
  return absl::StrCat("\x1b[", ColourCode(colour), "m", ToAbsl(text),
                      "\x1b[0m");
}

std::string Printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' || c == '\t') {
      out += ' ';
    } else if (byte < 0x20 || byte == 0x7F) {
      absl::StrAppendFormat(&out, "\\x%02x", byte);
    } else {
      out += c;
    }
  }
  return out;
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  for (const char c : text) width += StartsCharacter(c) ? 1 : 0;
  return width;
}

std::string Truncated(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  size_t characters = 0;
  size_t end = 0;
  while (end < text.size()) {
    if (StartsCharacter(text[end]) && ++characters == width) break;
    ++end;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string Wrapped(std::string_view text, size_t indent, size_t width) {
  std::string out;
  size_t column = indent;
  for (const absl::string_view word : absl::StrSplit(ToAbsl(text), ' ')) {
    const size_t columns = DisplayWidth(ToStd(word));
    if (column > indent && column + 1 + columns > width) {
      absl::StrAppend(&out, "\n", std::string(indent, ' '));
      column = indent;
    } else if (column > indent) {
      out += " ";
      ++column;
    }
    absl::StrAppend(&out, word);
    column += columns;
  }
  return out;
}

std::string PaddedRight(std::string_view text, size_t width) {
  return std::string(text) + Blanks(text, width);
}

std::string PaddedLeft(std::string_view text, size_t width) {
  return Blanks(text, width) + std::string(text);
}

}  // namespace fleet::cli
