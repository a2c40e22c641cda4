// What a fuzzer's bytes are taken apart into.
#ifndef FLEET_TESTS_FUZZ_INPUT_H_
#define FLEET_TESTS_FUZZ_INPUT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fleet::fuzz {

// Gives away what it was made of, from its beginning. A value.
class Input {
 public:
  Input(const uint8_t* data, size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return rest_.empty(); }
  // 0 when nothing is left.
  uint8_t Byte() {
    const std::string_view byte = Take(1);
    return byte.empty() ? 0 : static_cast<uint8_t>(byte[0]);
  }
  // As many as there are.
  std::string_view Take(size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // A piece behind its length, of two bytes.
  std::string_view Piece() {
    const size_t low = Byte();
    return Take(low + Byte() * size_t{256});
  }
  std::string_view Rest() { return Take(rest_.size()); }

 private:
  std::string_view rest_;
};

}  // namespace fleet::fuzz

#endif  // FLEET_TESTS_FUZZ_INPUT_H_
