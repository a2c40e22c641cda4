// A screen in memory: what each place of a terminal shows.
#ifndef FLEET_CLI_MONIT_CELL_BUFFER_H_
#define FLEET_CLI_MONIT_CELL_BUFFER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/render/text_style.h"

namespace fleet::cli {

struct CellStyle {
  Colour colour = Colour::kNone;
  bool reverse = false;

  bool operator==(const CellStyle&) const = default;
};

struct Cell {
  // One character in UTF-8; empty: covered by the wide one before it.
  std::string text = " ";
  CellStyle style;

  bool operator==(const Cell&) const = default;
};

// A plain value. At most kMost columns and rows.
class CellBuffer {
 public:
  static constexpr size_t kMost = 1000;

  CellBuffer(size_t width, size_t height);

  size_t width() const { return width_; }
  size_t height() const { return height_; }
  const Cell& At(size_t x, size_t y) const { return cells_[y * width_ + x]; }

  // Writes text from (x, y) to the right, and cuts it at `limit` columns or
  // the edge; outside nothing happens. Control characters and what is not
  // UTF-8 become "·", so that what a program wrote cannot steer the terminal;
  // combining characters are left out. A wide character that is covered by
  // half is gone, as on a terminal. Returns the columns used.
  size_t Put(size_t x, size_t y, std::string_view text, CellStyle style = {},
             size_t limit = kMost);
  // A whole row in one style, its text kept.
  void Paint(size_t y, CellStyle style);

  // Rows as text, without styles and trailing blanks, for tests.
  std::string ToText() const;

  bool operator==(const CellBuffer&) const = default;

 private:
  // Blanks what the columns from `from` to `to` leave of wide characters.
  void BlankHalves(size_t from, size_t to, size_t y);

  size_t width_;
  size_t height_;
  std::vector<Cell> cells_;
};

// Columns that `text` takes, as Put counts them.
size_t ColumnsOf(std::string_view text);

}  // namespace fleet::cli

#endif  // FLEET_CLI_MONIT_CELL_BUFFER_H_
