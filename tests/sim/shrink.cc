#include "tests/sim/shrink.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/sim/story.h"

namespace fleet::sim {
namespace {

constexpr int kMaxRuns = 300;

bool Fails(uint64_t seed, const std::vector<Happening>& happenings) {
  return !Story(seed, happenings).Run().empty();
}

// Half of them, a quarter …, one by one.
std::vector<Happening> Fewest(uint64_t seed, std::vector<Happening> all) {
  int runs = 0;
  for (size_t chunk = std::max<size_t>(all.size() / 2, 1); chunk > 0;
       chunk /= 2) {
    for (size_t at = 0; at < all.size() && runs < kMaxRuns;) {
      std::vector<Happening> fewer = all;
      const size_t end = std::min(at + chunk, fewer.size());
      fewer.erase(fewer.begin() + static_cast<int64_t>(at),
                  fewer.begin() + static_cast<int64_t>(end));
      ++runs;
      if (Fails(seed, fewer)) {
        all = std::move(fewer);
      } else {
        at += chunk;
      }
    }
  }
  return all;
}

}  // namespace

void Shrink(uint64_t seed, const Trace::Sink& sink) {
  const std::vector<Happening> all = Story(seed).happenings();
  const std::vector<Happening> fewest = Fewest(seed, all);
  sink(absl::StrCat("with ", fewest.size(), " of ", all.size(),
                    " happenings it fails too:"));
  for (const Happening& happening : fewest) {
    sink(absl::StrCat("  ", absl::FormatDuration(happening.at), " ",
                      Fate::Name(happening)));
  }
  Story story(seed, fewest);
  story.SetSink(sink);
  sink(absl::StrCat("violates ", story.Run()));
}

}  // namespace fleet::sim
