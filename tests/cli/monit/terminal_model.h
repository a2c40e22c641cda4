// A terminal that understands what FrameDiff writes.
#ifndef FLEET_TESTS_CLI_MONIT_TERMINAL_MODEL_H_
#define FLEET_TESTS_CLI_MONIT_TERMINAL_MODEL_H_

#include <string>
#include <string_view>
#include <vector>

namespace fleet::cli {

// Cursor positions, erasing, styles (kept as text) and characters; anything
// else fails a check.
class TerminalModel {
 public:
  TerminalModel(size_t width, size_t height);

  void Write(std::string_view bytes);
  // Rows without trailing blanks.
  std::string Text() const;
  // The parameters of the style of a place, e.g. "0;7;31"; "" after "0".
  const std::string& StyleAt(size_t x, size_t y) const;
  size_t written() const { return written_; }

 private:
  struct Place {
    std::string text = " ";
    std::string style;
  };

  void Escape(std::string_view& bytes);
  void Put(std::string_view character);

  size_t width_;
  size_t height_;
  size_t x_ = 0;
  size_t y_ = 0;
  size_t written_ = 0;  // Characters.
  std::string style_;
  std::vector<Place> places_;
};

}  // namespace fleet::cli

#endif  // FLEET_TESTS_CLI_MONIT_TERMINAL_MODEL_H_
