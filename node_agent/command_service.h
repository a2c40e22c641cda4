// One-shot orders of the controller: signals, messages, actions, restarts of
// one instance, reset counters.
#ifndef FLEET_NODE_AGENT_COMMAND_SERVICE_H_
#define FLEET_NODE_AGENT_COMMAND_SERVICE_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "fleet/v1/agent_service.pb.h"
#include "node_agent/agent_state.h"
#include "node_agent/host_checks.h"
#include "node_agent/worker_runtime.h"

namespace fleet::agent {

// Carries out every command but tails (LogTailService), and answers each with
// one result: before Run returns, or when all workers have replied to a
// trigger. Nothing else is kept of a command, and none is repeated. Loop thread
// only.
class CommandService {
 public:
  static constexpr size_t kMostInspected = 64;
  static constexpr size_t kMostTriggered = 1024;

  using SendResult = std::function<void(v1::CommandResult)>;
  using CheckHost = std::function<std::vector<HostCheck>()>;

  // Both outlive it.
  CommandService(AgentState& state, WorkerRuntime& runtime,
                 CheckHost check_host)
      : state_(state), runtime_(runtime), check_host_(std::move(check_host)) {}

  // Before the first command.
  void SetSender(SendResult send) { send_ = std::move(send); }

  void Run(const v1::Command& command);

 private:
  // How many workers (or instances) it was done to. Fills in what was asked
  // for.
  absl::StatusOr<int> Perform(const v1::Command& command,
                              v1::CommandResult& result);
  absl::StatusOr<int> Signal(const v1::SignalCommand& command);
  absl::StatusOr<int> Send(const v1::SendCommand& command);
  absl::StatusOr<int> Reset(const v1::ResetCommand& command);
  absl::StatusOr<int> Inspect(const v1::InspectCommand& command,
                              v1::CommandResult& result);
  absl::StatusOr<int> Restart(const v1::RestartCommand& command,
                              v1::CommandResult& result);
  // Asks all workers; OK when the result will come.
  absl::Status Trigger(const std::string& id,
                       const v1::TriggerCommand& command);
  void Answer(const std::string& id, const absl::StatusOr<int>& done,
              v1::CommandResult result);
  void Check(v1::CommandResult& result) const;
  // NOT_FOUND: no such app or instance here. FAILED_PRECONDITION: none runs.
  absl::StatusOr<std::vector<WorkerId>> Workers(
      const v1::InstanceChoice& choice);
  // The slot that each of an app's workers is in.
  std::map<WorkerId, int> Slots(const v1::InstanceChoice& choice);
  absl::StatusOr<AppSupervisor*> App(const v1::InstanceChoice& choice);

  AgentState& state_;
  WorkerRuntime& runtime_;
  const CheckHost check_host_;
  SendResult send_;
  // Replies that come later find it gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_COMMAND_SERVICE_H_
