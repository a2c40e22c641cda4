// Rows in columns.
#ifndef FLEET_CLI_RENDER_TEXT_TABLE_H_
#define FLEET_CLI_RENDER_TEXT_TABLE_H_

#include <string>
#include <string_view>
#include <vector>

#include "cli/render/text_style.h"

namespace fleet::cli {

// Collects rows, then prints them with every column as wide as its widest
// cell and two blanks between. Cells are made Printable.
//
// What does not fit the width is taken off the columns that shrink, from the
// widest first, down to kLeastWidth each.
class TextTable {
 public:
  struct Column {
    std::string title;
    // Numbers stand at the right.
    bool right = false;
    // Where the terminal is too narrow, its text is cut ("…").
    bool shrinks = false;
  };
  struct Cell {
    // NOLINTNEXTLINE(google-explicit-constructor): rows read as lists of text.
    Cell(std::string_view t, Colour c = Colour::kNone) : text(t), colour(c) {}
    // NOLINTNEXTLINE(google-explicit-constructor)
    Cell(const std::string& t) : text(t) {}
    // NOLINTNEXTLINE(google-explicit-constructor)
    Cell(const char* t) : text(t) {}

    std::string text;
    Colour colour = Colour::kNone;
  };

  static constexpr size_t kLeastWidth = 6;

  explicit TextTable(std::vector<Column> columns);

  // As many cells as columns.
  void AddRow(std::vector<Cell> cells);
  bool empty() const { return rows_.empty(); }

  // Title line and rows, each with its newline. `width`: of the terminal; 0:
  // as wide as it comes.
  std::string ToText(const TextStyle& style, size_t width = 0) const;

 private:
  std::vector<size_t> Widths(size_t width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_TEXT_TABLE_H_
