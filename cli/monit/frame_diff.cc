#include "cli/monit/frame_diff.h"

#include "absl/strings/str_cat.h"

namespace fleet::cli {
namespace {

// Unchanged cells between two changed ones that are cheaper to write again
// than a cursor movement.
constexpr size_t kCheapGap = 4;

class FrameWriter {
 public:
  FrameWriter(const CellBuffer& wanted, bool colours)
      : wanted_(wanted), colours_(colours) {}

  void Clear() { out_ += "\x1b[0m\x1b[2J"; }

  void WriteCells(size_t from, size_t to, size_t y) {
    if (!at_place_ || x_ != from || y_ != y) {
      absl::StrAppend(&out_, "\x1b[", y + 1, ";", from + 1, "H");
    }
    for (size_t x = from; x < to; ++x) {
      const Cell& cell = wanted_.At(x, y);
      if (cell.text.empty()) continue;
      SetStyle(cell.style);
      out_ += cell.text;
    }
    x_ = to;
    y_ = y;
    // Behind the last column terminals differ in where the cursor is.
    at_place_ = to < wanted_.width();
  }

  std::string Take() {
    SetStyle({});
    return std::move(out_);
  }

 private:
  void SetStyle(const CellStyle& style) {
    if (style == style_) return;
    style_ = style;
    out_ += "\x1b[0";
    if (style.reverse) out_ += ";7";
    const std::string code = ColourCode(style.colour);
    // Bold and grey are no colours to those who want none.
    if (!code.empty() && colours_) absl::StrAppend(&out_, ";", code);
    out_ += "m";
  }

  const CellBuffer& wanted_;
  const bool colours_;
  std::string out_;
  CellStyle style_;
  bool at_place_ = false;
  size_t x_ = 0;
  size_t y_ = 0;
};

}  // namespace

std::string FrameDiff(const CellBuffer& shown, const CellBuffer& wanted,
                      bool colours) {
  const bool anew =
      shown.width() != wanted.width() || shown.height() != wanted.height();
  const CellBuffer blank(wanted.width(), wanted.height());
  const CellBuffer& before = anew ? blank : shown;
  if (!anew && before == wanted) return "";
  FrameWriter writer(wanted, colours);
  if (anew) writer.Clear();
  const auto differs = [&](size_t x, size_t y) {
    return !(before.At(x, y) == wanted.At(x, y));
  };
  for (size_t y = 0; y < wanted.height(); ++y) {
    size_t x = 0;
    while (x < wanted.width()) {
      if (!differs(x, y)) {
        ++x;
        continue;
      }
      // The first half of a wide character goes with its second.
      size_t from = x;
      if (wanted.At(from, y).text.empty() && from > 0) --from;
      size_t end = x + 1;
      for (size_t next = end; next < wanted.width() && next < end + kCheapGap;
           ++next) {
        if (differs(next, y) || wanted.At(next, y).text.empty()) end = next + 1;
      }
      writer.WriteCells(from, end, y);
      x = end;
    }
  }
  return writer.Take();
}

}  // namespace fleet::cli
