// What one host still has to be told about its targets.
#ifndef FLEET_CONTROLLER_DESIRED_SENDER_H_
#define FLEET_CONTROLLER_DESIRED_SENDER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "controller/app_registry.h"
#include "fleet/v1/agent_service.pb.h"

namespace fleet::controller {

// A target that was sent.
struct SentTarget {
  std::string app_uid;
  int64_t serial = 0;
};

struct AckOutcome {
  std::vector<SentTarget> accepted;
  std::vector<SentTarget> refused;
};

// The value of a secret, for a host that runs an app which names it.
using SecretSource =
    std::function<absl::StatusOr<std::string>(const std::string& name)>;

// One per session. At most one DesiredState waits for its ack; what changes
// meanwhile is sent after it, as it is then, so that nothing queues up. When a
// message with several targets is refused, they are sent again one by one, so
// that a refusal is about one target. Loop thread only.
class DesiredSender {
 public:
  // `registry` outlives it. No `secrets`: apps get none.
  DesiredSender(const AppRegistry& registry, std::string host, int64_t epoch,
                SecretSource secrets = nullptr)
      : registry_(registry),
        host_(std::move(host)),
        epoch_(epoch),
        secrets_(std::move(secrets)) {}

  // Everything, and that there is nothing else.
  void AddAll();
  void Add(const std::string& app_uid) { due_.insert(app_uid); }

  // The next message to send; nullopt: nothing is due, or an ack is.
  std::optional<v1::DesiredState> Next();

  // An ack of something else than what was sent last is ignored.
  AckOutcome OnAck(const v1::DesiredStateAck& ack);

  // The serial of this app that the host has accepted in this session; 0.
  int64_t AcceptedSerial(const std::string& app_uid) const;

 private:
  // Moves what fits into `message`; false: something is left.
  bool Fill(std::set<std::string>& from, size_t limit,
            v1::DesiredState& message);

  void AddSecrets(v1::AppTarget& target) const;

  const AppRegistry& registry_;
  const std::string host_;
  const int64_t epoch_;
  const SecretSource secrets_;
  int64_t nonce_ = 0;
  bool full_due_ = false;
  std::set<std::string> due_;
  // After a refusal: each in a message of its own.
  std::set<std::string> single_;
  std::vector<SentTarget> sent_;  // Not acked yet.
  bool waiting_ = false;
  std::map<std::string, int64_t> accepted_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_DESIRED_SENDER_H_
