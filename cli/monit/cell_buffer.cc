#include "cli/monit/cell_buffer.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace fleet::cli {
namespace {

constexpr std::string_view kSubstitute = "·";

struct Character {
  std::string_view bytes;
  size_t columns;
};

struct Range {
  uint32_t first;
  uint32_t last;
};

// East Asian wide and emoji (Unicode's EastAsianWidth.txt, coarsely).
constexpr std::array<Range, 9> kWide = {{{0x1100, 0x115F},
                                         {0x2E80, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE6F},
                                         {0xFF00, 0xFF60},
                                         {0xFFE0, 0xFFE6},
                                         {0x1F300, 0x1FAFF},
                                         {0x20000, 0x3FFFD}}};
// Marks that stand over the character before them, and joiners.
constexpr std::array<Range, 5> kZero = {{{0x0300, 0x036F},
                                         {0x200B, 0x200F},
                                         {0x202A, 0x202E},
                                         {0x20D0, 0x20FF},
                                         {0xFE00, 0xFE0F}}};

template <size_t N>
bool IsIn(const std::array<Range, N>& ranges, uint32_t code) {
  return std::any_of(ranges.begin(), ranges.end(), [code](const Range& range) {
    return code >= range.first && code <= range.last;
  });
}

// 0: these bytes begin no character.
size_t LengthOf(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  if (first >= 0xF0 && first < 0xF5) return 4;
  return 0;
}

uint32_t CodeOf(std::string_view bytes) {
  constexpr std::array<uint32_t, 5> kMask = {0, 0x7F, 0x1F, 0x0F, 0x07};
  uint32_t code = static_cast<unsigned char>(bytes[0]) & kMask[bytes.size()];
  for (size_t i = 1; i < bytes.size(); ++i) {
    code = code << 6 | (static_cast<unsigned char>(bytes[i]) & 0x3F);
  }
  return code;
}

bool IsControl(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 ||
         code == 0x2029 || (code >= 0xD800 && code < 0xE000);
}

// Takes the first character off `text`.
Character Next(std::string_view& text) {
  const size_t length = LengthOf(static_cast<unsigned char>(text[0]));
  bool valid = length > 0 && length <= text.size();
  for (size_t i = 1; valid && i < length; ++i) {
    valid = (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;
  }
  if (!valid) {
    text.remove_prefix(1);
    return {kSubstitute, 1};
  }
  const std::string_view bytes = text.substr(0, length);
  text.remove_prefix(length);
  const uint32_t code = CodeOf(bytes);
  if (code == '\t') return {" ", 1};
  if (IsControl(code)) return {kSubstitute, 1};
  if (IsIn(kZero, code)) return {"", 0};
  return {bytes, IsIn(kWide, code) ? size_t{2} : size_t{1}};
}

}  // namespace

CellBuffer::CellBuffer(size_t width, size_t height)
    : width_(std::clamp<size_t>(width, 1, kMost)),
      height_(std::clamp<size_t>(height, 1, kMost)),
      cells_(width_ * height_) {}

size_t CellBuffer::Put(size_t x, size_t y, std::string_view text,
                       CellStyle style, size_t limit) {
  if (y >= height_ || x >= width_) return 0;
  const size_t end = std::min(width_, x + std::min(limit, width_));
  const size_t start = x;
  while (!text.empty() && x < end) {
    const Character character = Next(text);
    if (character.columns == 0) continue;
    if (x + character.columns > end) break;
    BlankHalves(x, x + character.columns, y);
    cells_[y * width_ + x] = {std::string(character.bytes), style};
    if (character.columns == 2) cells_[y * width_ + x + 1] = {"", style};
    x += character.columns;
  }
  return x - start;
}

void CellBuffer::BlankHalves(size_t from, size_t to, size_t y) {
  Cell* const row = &cells_[y * width_];
  if (from > 0 && row[from].text.empty()) row[from - 1].text = " ";
  if (to < width_ && row[to].text.empty()) row[to].text = " ";
}

void CellBuffer::Paint(size_t y, CellStyle style) {
  if (y >= height_) return;
  for (size_t x = 0; x < width_; ++x) cells_[y * width_ + x].style = style;
}

std::string CellBuffer::ToText() const {
  std::string text;
  for (size_t y = 0; y < height_; ++y) {
    std::string row;
    for (size_t x = 0; x < width_; ++x) row += At(x, y).text;
    const size_t last = row.find_last_not_of(' ');
    text += row.substr(0, last == row.npos ? 0 : last + 1) + "\n";
  }
  return text;
}

size_t ColumnsOf(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) columns += Next(text).columns;
  return columns;
}

}  // namespace fleet::cli
