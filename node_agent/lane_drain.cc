#include "node_agent/lane_drain.h"

#include <utility>

namespace fleet::agent {
namespace {

constexpr int kEmptyLooks = 2;
// A look costs a millisecond, and round trips take some.
constexpr absl::Duration kLookPause = absl::Milliseconds(16);

}  // namespace

LaneDrain::LaneDrain(std::set<int> ports, absl::Time now, absl::Duration limit)
    : ports_(std::move(ports)),
      deadline_(now + limit),
      next_look_(now + kPause / 2) {}

bool LaneDrain::WantsHandshakes(absl::Time now) const {
  return now >= next_look_ && (!looked_ || !pending_.empty());
}

void LaneDrain::Note(absl::Time now, const PendingHandshakes::Set& handshakes) {
  next_look_ = now + kLookPause;
  if (!std::exchange(looked_, true)) {
    for (const auto& handshake : handshakes) {
      if (ports_.contains(handshake.first)) pending_.insert(handshake);
    }
    return;
  }
  std::erase_if(pending_, [&handshakes](const auto& handshake) {
    return !handshakes.contains(handshake);
  });
}

bool LaneDrain::Done(absl::Time now, int queued,
                     const PendingHandshakes::Set* handshakes) {
  if (now >= deadline_) return true;
  if (handshakes != nullptr) Note(now, *handshakes);
  bool quiet = looked_ && pending_.empty() && queued == 0;
  empty_looks_ = quiet ? empty_looks_ + 1 : 0;
  return empty_looks_ >= kEmptyLooks;
}

}  // namespace fleet::agent
