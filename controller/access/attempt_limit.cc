#include "controller/access/attempt_limit.h"

namespace fleet::controller {

const AttemptLimit::Count* AttemptLimit::Find(
    const std::string& address) const {
  auto it = counts_.find(address);
  if (it != counts_.end()) return &it->second;
  return counts_.size() >= kMostAddresses ? &others_ : nullptr;
}

bool AttemptLimit::Allowed(const std::string& address, absl::Time now) const {
  const Count* count = Find(address);
  return count == nullptr || now >= count->since + kWindow ||
         count->failures < most_;
}

void AttemptLimit::NoteFailure(const std::string& address, absl::Time now) {
  if (counts_.size() >= kMostAddresses) ForgetOld(now);
  const bool room =
      counts_.size() < kMostAddresses || counts_.count(address) > 0;
  Count& count = room ? counts_[address] : others_;
  if (now >= count.since + kWindow) count = {now, 0};
  ++count.failures;
}

void AttemptLimit::ForgetOld(absl::Time now) {
  for (auto it = counts_.begin(); it != counts_.end();) {
    it = now >= it->second.since + kWindow ? counts_.erase(it) : ++it;
  }
}

std::string AttemptLimit::AddressOfPeer(const std::string& peer) {
  const size_t colon = peer.rfind(':');
  return colon == std::string::npos ? peer : peer.substr(0, colon);
}

}  // namespace fleet::controller
