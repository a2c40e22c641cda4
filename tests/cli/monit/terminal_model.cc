#include "tests/cli/monit/terminal_model.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "cli/monit/cell_buffer.h"
#include "proto/rpc/status.h"

namespace fleet::cli {

TerminalModel::TerminalModel(size_t width, size_t height)
    : width_(width), height_(height), places_(width * height) {}

void TerminalModel::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (bytes[0] == '\x1b') {
      Escape(bytes);
      continue;
    }
    size_t length = 1;
    while (length < bytes.size() &&
           (static_cast<unsigned char>(bytes[length]) & 0xC0) == 0x80) {
      ++length;
    }
    Put(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
}

void TerminalModel::Put(std::string_view character) {
  FLEET_CHECK(static_cast<unsigned char>(character[0]) >= 0x20);
  ++written_;
  const size_t columns = ColumnsOf(character);
  FLEET_CHECK(y_ < height_ && x_ + columns <= width_);
  // Half a character is none: what is left of a covered one is blank.
  Place* const row = &places_[y_ * width_];
  if (x_ > 0 && row[x_].text.empty()) row[x_ - 1].text = " ";
  const size_t end = x_ + columns;
  if (end < width_ && row[end].text.empty()) row[end].text = " ";
  places_[y_ * width_ + x_] = {std::string(character), style_};
  if (columns == 2) places_[y_ * width_ + x_ + 1] = {"", style_};
  x_ += columns;
}

void TerminalModel::Escape(std::string_view& bytes) {
  FLEET_CHECK(bytes.substr(0, 2) == "\x1b[");
  const size_t end = bytes.find_first_of("HJm");
  FLEET_CHECK(end != bytes.npos);
  const std::string parameters(bytes.substr(2, end - 2));
  const char what = bytes[end];
  bytes.remove_prefix(end + 1);
  if (what == 'm') {
    style_ = parameters == "0" ? "" : parameters;
  } else if (what == 'J') {
    FLEET_CHECK(parameters == "2");
    places_.assign(places_.size(), Place());
  } else {
    const std::vector<std::string> place = absl::StrSplit(parameters, ';');
    FLEET_CHECK(place.size() == 2 && absl::SimpleAtoi(place[0], &y_) &&
                absl::SimpleAtoi(place[1], &x_));
    --x_;
    --y_;
  }
}

std::string TerminalModel::Text() const {
  std::string text;
  for (size_t y = 0; y < height_; ++y) {
    std::string row;
    for (size_t x = 0; x < width_; ++x) row += places_[y * width_ + x].text;
    const size_t last = row.find_last_not_of(' ');
    text += row.substr(0, last == row.npos ? 0 : last + 1) + "\n";
  }
  return text;
}

const std::string& TerminalModel::StyleAt(size_t x, size_t y) const {
  return places_[y * width_ + x].style;
}

}  // namespace fleet::cli
