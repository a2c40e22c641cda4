// Numbers from a seed.
#ifndef FLEET_TESTS_SIM_RANDOM_H_
#define FLEET_TESTS_SIM_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace fleet::sim {

// SplitMix64: small, and the same everywhere (the standard's distributions are
// not). A value.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // From 0 to n - 1.
  int Below(int n) {
    return static_cast<int>(Next() % static_cast<uint64_t>(n));
  }
  bool OneIn(int n) { return Below(n) == 0; }
  bool Percent(int n) { return Below(100) < n; }
  // In milliseconds.
  absl::Duration Between(absl::Duration low, absl::Duration high) {
    int64_t span = absl::ToInt64Milliseconds(high - low) + 1;
    return low + absl::Milliseconds(static_cast<int64_t>(
                     Next() % static_cast<uint64_t>(span)));
  }
  template <class T>
  const T& Pick(const std::vector<T>& from) {
    return from[static_cast<size_t>(Below(static_cast<int>(from.size())))];
  }

  // A stream of its own: what is drawn from it moves nothing else.
  Random Fork(std::string_view name) const {
    uint64_t hash = state_ ^ 0xcbf29ce484222325;
    for (char c : name) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return Random(hash);
  }

 private:
  uint64_t state_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_RANDOM_H_
