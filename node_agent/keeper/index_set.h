// Which entries of a table have changed.
#ifndef FLEET_NODE_AGENT_KEEPER_INDEX_SET_H_
#define FLEET_NODE_AGENT_KEEPER_INDEX_SET_H_

#include <cstddef>
#include <cstdint>

namespace fleet::keeper {

// Indices below N, a multiple of 64; a bit each.
template <size_t N>
class IndexSet {
 public:
  void Add(size_t index) { words_[index / 64] |= uint64_t{1} << (index % 64); }
  // Takes one out; false: it is empty.
  bool Take(size_t* index) {
    for (size_t i = 0; i < N / 64; ++i) {
      if (words_[i] == 0) continue;
      *index = i * 64 + static_cast<size_t>(__builtin_ctzll(words_[i]));
      words_[i] &= words_[i] - 1;
      return true;
    }
    return false;
  }

 private:
  uint64_t words_[N / 64] = {};
};

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_INDEX_SET_H_
