#include "cli/render/text_table.h"

#include <algorithm>
#include <utility>

#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr std::string_view kGap = "  ";

}  // namespace

TextTable::TextTable(std::vector<Column> columns)
    : columns_(std::move(columns)) {}

void TextTable::AddRow(std::vector<Cell> cells) {
  FLEET_CHECK(cells.size() == columns_.size());
  for (Cell& cell : cells) cell.text = Printable(cell.text);
  rows_.push_back(std::move(cells));
}

std::vector<size_t> TextTable::Widths(size_t width) const {
  std::vector<size_t> widths;
  size_t sum = 0;
  for (size_t i = 0; i < columns_.size(); ++i) {
    size_t widest = DisplayWidth(columns_[i].title);
    for (const auto& row : rows_) {
      widest = std::max(widest, DisplayWidth(row[i].text));
    }
    widths.push_back(widest);
    sum += widest + (i > 0 ? kGap.size() : 0);
  }
  while (width > 0 && sum > width) {
    size_t victim = columns_.size();
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (!columns_[i].shrinks || widths[i] <= kLeastWidth) continue;
      if (victim == columns_.size() || widths[i] > widths[victim]) victim = i;
    }
    if (victim == columns_.size()) break;
    --widths[victim];
    --sum;
  }
  return widths;
}

std::string TextTable::ToText(const TextStyle& style, size_t width) const {
  const std::vector<size_t> widths = Widths(width);
  const auto line = [&](const auto& text_of, const auto& colour_of) {
    std::string out;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const bool last = i + 1 == columns_.size();
      const std::string text = Truncated(text_of(i), widths[i]);
      std::string cell = columns_[i].right ? PaddedLeft(text, widths[i])
                         : last            ? text
                                           : PaddedRight(text, widths[i]);
      if (i > 0) out += kGap;
      out += style.Paint(colour_of(i), cell);
    }
    return out + "\n";
  };
  std::string out = line([&](size_t i) { return columns_[i].title; },
                         [](size_t) { return Colour::kBold; });
  for (const auto& row : rows_) {
    out += line([&](size_t i) { return row[i].text; },
                [&](size_t i) { return row[i].colour; });
  }
  return out;
}

}  // namespace fleet::cli
