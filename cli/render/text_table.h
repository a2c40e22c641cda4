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
class TextTable {
 public:
  struct Column {
    std::string title;
    // Numbers stand at the right.
    bool right = false;
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

  explicit TextTable(std::vector<Column> columns);

  // As many cells as columns.
  void AddRow(std::vector<Cell> cells);
  bool empty() const { return rows_.empty(); }

  // Title line and rows, each with its newline.
  std::string ToText(const TextStyle& style) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_TEXT_TABLE_H_
