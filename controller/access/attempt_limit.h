// How often somebody may fail at something.
#ifndef FLEET_CONTROLLER_ACCESS_ATTEMPT_LIMIT_H_
#define FLEET_CONTROLLER_ACCESS_ATTEMPT_LIMIT_H_

#include <map>
#include <string>

#include "absl/time/time.h"

namespace fleet::controller {

// Failed attempts by address (or another name): ten a minute unless said, then
// none is looked at until the minute is over. 10,000 addresses are remembered;
// beyond that all newcomers share one count. Pure. `now` is steady time.
class AttemptLimit {
 public:
  static constexpr int kMostAttempts = 10;
  static constexpr size_t kMostAddresses = 10'000;
  static constexpr absl::Duration kWindow = absl::Minutes(1);

  explicit AttemptLimit(int most = kMostAttempts) : most_(most) {}

  bool Allowed(const std::string& address, absl::Time now) const;
  void NoteFailure(const std::string& address, absl::Time now);

  // "ipv4:10.0.0.7:40112" → "ipv4:10.0.0.7": a client's next connection has
  // another port.
  static std::string AddressOfPeer(const std::string& peer);

 private:
  struct Count {
    absl::Time since;
    int failures = 0;
  };

  const Count* Find(const std::string& address) const;
  void ForgetOld(absl::Time now);

  const int most_;
  std::map<std::string, Count> counts_;
  Count others_{absl::InfinitePast(), 0};
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_ATTEMPT_LIMIT_H_
