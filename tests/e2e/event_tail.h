// What `fleetctl rollout watch -o json` has printed so far.
#ifndef FLEET_TESTS_E2E_EVENT_TAIL_H_
#define FLEET_TESTS_E2E_EVENT_TAIL_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"

namespace fleet::e2e {

// An event of a rollout, as a program reads it.
struct SeenEvent {
  int64_t seq = 0;
  // "ROLLING", or "ROLLING host-1 APPLYING".
  std::string what;
  std::string message;
};

// Reads the file anew each time; only whole lines count. Not thread-safe.
class EventTail {
 public:
  explicit EventTail(std::string file) : file_(std::move(file)) {}

  // All events so far.
  std::vector<SeenEvent> Read() const;
  // "" when they are 1, 2, 3 … without a gap or a repetition; else what is
  // wrong.
  std::string Gap() const;

 private:
  const std::string file_;
};

}  // namespace fleet::e2e

#endif  // FLEET_TESTS_E2E_EVENT_TAIL_H_
