#include "node_agent/command_service.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/signal_name.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr int kHighestSignal = 64;

std::optional<int> SlotOf(const v1::InstanceChoice& choice) {
  if (!choice.has_slot()) return std::nullopt;
  return choice.slot();
}

std::string NameOf(const AppState& app, std::optional<int> slot) {
  if (!slot) return app.target.app;
  return absl::StrCat(app.target.app, ".", *slot);
}

v1::CheckState ToProto(CheckState state) {
  switch (state) {
    case CheckState::kOk:
      return v1::CHECK_STATE_OK;
    case CheckState::kWarning:
      return v1::CHECK_STATE_WARNING;
    case CheckState::kProblem:
      return v1::CHECK_STATE_PROBLEM;
  }
  return v1::CHECK_STATE_UNSPECIFIED;
}

}  // namespace

void CommandService::Run(const v1::Command& command) {
  v1::CommandResult result;
  if (command.has_trigger()) {
    absl::Status asked = Trigger(command.id(), command.trigger());
    if (!asked.ok()) Answer(command.id(), asked, std::move(result));
    return;
  }
  absl::StatusOr<int> done = Perform(command, result);
  Answer(command.id(), done, std::move(result));
}

void CommandService::Answer(const std::string& id,
                            const absl::StatusOr<int>& done,
                            v1::CommandResult result) {
  result.set_id(id);
  result.set_code(static_cast<int32_t>(done.status().code()));
  result.set_message(std::string(ToStd(done.status().message())));
  result.set_instances(done.value_or(0));
  send_(std::move(result));
}

absl::StatusOr<int> CommandService::Perform(const v1::Command& command,
                                            v1::CommandResult& result) {
  switch (command.command_case()) {
    case v1::Command::kSignal:
      return Signal(command.signal());
    case v1::Command::kSend:
      return Send(command.send());
    case v1::Command::kReset:
      return Reset(command.reset());
    case v1::Command::kInspect:
      return Inspect(command.inspect(), result);
    case v1::Command::kRestart:
      return Restart(command.restart(), result);
    case v1::Command::kCheck:
      Check(result);
      return 0;
    case v1::Command::kTrigger:
    case v1::Command::kTail:
    case v1::Command::kCancel:
    case v1::Command::kMore:
    case v1::Command::kEmptyLogs:
    case v1::Command::kReopenLogs:
    case v1::Command::COMMAND_NOT_SET:
      break;
  }
  return absl::UnimplementedError(
      "this agent does not know the command; is it older than the controller?");
}

absl::StatusOr<AppSupervisor*> CommandService::App(
    const v1::InstanceChoice& choice) {
  AppSupervisor* app = state_.Find(choice.app_uid());
  if (app == nullptr) {
    return absl::NotFoundError("the app is not on this host");
  }
  std::optional<int> slot = SlotOf(choice);
  if (slot && !app->state().slots.contains(*slot)) {
    return absl::NotFoundError(
        absl::StrCat("there is no ", NameOf(app->state(), slot), " here, ",
                     app->state().target.app, " has ",
                     app->state().target.instances, " instances"));
  }
  return app;
}

absl::StatusOr<std::vector<WorkerId>> CommandService::Workers(
    const v1::InstanceChoice& choice) {
  ASSIGN_OR_RETURN(AppSupervisor * app, App(choice));
  std::optional<int> slot = SlotOf(choice);
  std::vector<WorkerId> workers;
  for (const auto& [index, place] : app->state().slots) {
    if (slot && index != *slot) continue;
    for (const auto& [id, worker] : place.workers) {
      if (worker.live() && worker.pid != 0) workers.push_back(id);
    }
  }
  if (!workers.empty()) return workers;
  return absl::FailedPreconditionError(
      absl::StrCat("no worker of ", NameOf(app->state(), slot), " runs here"));
}

absl::StatusOr<int> CommandService::Signal(const v1::SignalCommand& command) {
  if (command.signal() < 1 || command.signal() > kHighestSignal) {
    return absl::InvalidArgumentError(absl::StrCat(
        "signal ", command.signal(), " is not 1 to ", kHighestSignal));
  }
  ASSIGN_OR_RETURN(std::vector<WorkerId> workers, Workers(command.instances()));
  for (WorkerId worker : workers) {
    spdlog::info("worker {} is sent {} on the user's order", worker,
                 SignalName(command.signal()));
    runtime_.Signal(worker, command.signal());
  }
  return static_cast<int>(workers.size());
}

absl::StatusOr<int> CommandService::Send(const v1::SendCommand& command) {
  ASSIGN_OR_RETURN(std::vector<WorkerId> workers, Workers(command.instances()));
  int sent = 0;
  for (WorkerId worker : workers) {
    absl::Status status = runtime_.Send(worker, command.text());
    if (!status.ok()) {
      return sent == 0
                 ? status
                 : Annotate(status, absl::StrCat("after ", sent, " of ",
                                                 workers.size(), " workers"));
    }
    ++sent;
  }
  return sent;
}

absl::StatusOr<int> CommandService::Reset(const v1::ResetCommand& command) {
  ASSIGN_OR_RETURN(AppSupervisor * app, App(command.instances()));
  return app->ResetRestarts(SlotOf(command.instances()));
}

absl::StatusOr<int> CommandService::Restart(const v1::RestartCommand& command,
                                            v1::CommandResult& result) {
  ASSIGN_OR_RETURN(AppSupervisor * app, App(command.instances()));
  const std::optional<int> slot = SlotOf(command.instances());
  if (!slot) return absl::InvalidArgumentError("restart is for one instance");
  const bool stop_first = command.strategy() == v1::RELOAD_STRATEGY_STOP_FIRST;
  spdlog::info("app {} instance {} is restarted on the user's order",
               app->state().target.app, *slot);
  ASSIGN_OR_RETURN(std::vector<WorkerId> workers,
                   app->RestartSlot(*slot, stop_first));
  for (WorkerId worker : workers) {
    v1::WorkerFacts& replaced = *result.add_workers();
    replaced.set_slot(*slot);
    replaced.set_worker_id(worker);
  }
  return 1;
}

std::map<WorkerId, int> CommandService::Slots(
    const v1::InstanceChoice& choice) {
  std::map<WorkerId, int> slots;
  const AppSupervisor* app = state_.Find(choice.app_uid());
  if (app == nullptr) return slots;
  for (const auto& [index, slot] : app->state().slots) {
    for (const auto& [id, worker] : slot.workers) slots[id] = index;
  }
  return slots;
}

// The last reply sends the result.
absl::Status CommandService::Trigger(const std::string& id,
                                     const v1::TriggerCommand& command) {
  ASSIGN_OR_RETURN(std::vector<WorkerId> workers, Workers(command.instances()));
  workers.resize(std::min(workers.size(), kMostTriggered));
  const std::map<WorkerId, int> slots = Slots(command.instances());
  ActionRequest request{command.action(), std::nullopt,
                        fleet::FromProto(command.timeout())};
  if (command.has_parameter()) request.parameter = command.parameter();
  struct Gathered {
    v1::CommandResult result;
    size_t open;
  };
  auto gathered = std::make_shared<Gathered>();
  gathered->open = workers.size();
  for (WorkerId worker : workers) {
    v1::ActionReply* reply = gathered->result.add_replies();
    reply->set_slot(slots.at(worker));
    reply->set_worker_id(worker);
    runtime_.CallAction(
        worker, request,
        [this, alive = std::weak_ptr<bool>(alive_), id, reply,
         gathered](const absl::StatusOr<std::string>& value) {
          reply->set_code(static_cast<int32_t>(value.status().code()));
          reply->set_message(std::string(ToStd(value.status().message())));
          if (value.ok()) reply->set_value(*value);
          const int asked = gathered->result.replies_size();
          if (--gathered->open > 0 || alive.expired()) return;
          Answer(id, asked, std::move(gathered->result));
        });
  }
  return absl::OkStatus();
}

absl::StatusOr<int> CommandService::Inspect(const v1::InspectCommand& command,
                                            v1::CommandResult& result) {
  ASSIGN_OR_RETURN(AppSupervisor * app, App(command.instances()));
  ASSIGN_OR_RETURN(std::vector<WorkerId> workers, Workers(command.instances()));
  workers.resize(std::min(workers.size(), kMostInspected));
  for (const auto& [index, slot] : app->state().slots) {
    for (const auto& [id, worker] : slot.workers) {
      if (std::find(workers.begin(), workers.end(), id) == workers.end()) {
        continue;
      }
      v1::WorkerFacts& facts = *result.add_workers();
      facts.set_slot(index);
      facts.set_worker_id(id);
      facts.set_pid(worker.pid);
      for (Fact& fact : runtime_.Inspect(id)) {
        v1::Fact& proto = *facts.add_facts();
        proto.set_name(std::move(fact.name));
        proto.set_value(std::move(fact.value));
      }
    }
  }
  return static_cast<int>(workers.size());
}

void CommandService::Check(v1::CommandResult& result) const {
  for (HostCheck& check : check_host_()) {
    v1::HostCheck& proto = *result.add_checks();
    proto.set_name(std::move(check.name));
    proto.set_state(ToProto(check.state));
    proto.set_found(std::move(check.found));
    proto.set_advice(std::move(check.advice));
  }
}

}  // namespace fleet::agent
