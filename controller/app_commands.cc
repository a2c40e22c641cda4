#include "controller/app_commands.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr int kHighestSignal = 64;
constexpr size_t kMaxText = 64 << 10;
constexpr size_t kMaxAction = 256;
constexpr size_t kMaxParameter = 32 << 10;
constexpr absl::Duration kReplyTime = absl::Seconds(5);
constexpr absl::Duration kMaxReplyTime = absl::Seconds(20);
// From a worker's reply, or its absence, to the controller.
constexpr absl::Duration kWayBack = absl::Seconds(5);

AppCommands::Answers AnswersOf(const HostCommands::Results& results) {
  AppCommands::Answers answers;
  for (const auto& [host, result] : results) {
    v1::HostAnswer& answer = *answers.Add();
    answer.set_host(host);
    answer.set_code(result.code());
    answer.set_message(result.message());
    answer.set_instances(result.instances());
    *answer.mutable_workers() = result.workers();
    answer.set_log_files(result.log_files());
    answer.set_log_bytes(result.log_bytes());
    *answer.mutable_replies() = result.replies();
  }
  return answers;
}

// As log commands name apps.
std::string LogName(const InstanceOrder& order) {
  return order.slot ? absl::StrCat(order.app, ".", *order.slot) : order.app;
}

absl::Status CheckTrigger(const v1::TriggerAppRequest& request,
                          absl::Duration timeout) {
  if (request.action().empty() || request.action().size() > kMaxAction) {
    return absl::InvalidArgumentError(
        absl::StrCat("action: must have 1 to ", kMaxAction,
                     " bytes, this one has ", request.action().size()));
  }
  if (request.parameter().size() > kMaxParameter) {
    return absl::InvalidArgumentError(
        absl::StrCat("parameter: ", request.parameter().size(),
                     " bytes; at most ", kMaxParameter, " can be sent"));
  }
  if (timeout < absl::Milliseconds(1) || timeout > kMaxReplyTime) {
    return absl::InvalidArgumentError(
        absl::StrCat("timeout: ", absl::FormatDuration(timeout),
                     " is not 1ms to ", absl::FormatDuration(kMaxReplyTime)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::InstanceChoice> AppCommands::Choice(
    const InstanceOrder& order) const {
  ASSIGN_OR_RETURN(const AppEntry* app, registry_.Require(order.app));
  v1::InstanceChoice choice;
  choice.set_app_uid(app->record.uid);
  if (order.slot) choice.set_slot(*order.slot);
  return choice;
}

absl::Status AppCommands::Signal(const InstanceOrder& order, int signal,
                                 Done done) {
  if (signal < 1 || signal > kHighestSignal) {
    return absl::InvalidArgumentError(
        absl::StrCat("signal: ", signal, " is not 1 to ", kHighestSignal));
  }
  v1::Command command;
  ASSIGN_OR_RETURN(*command.mutable_signal()->mutable_instances(),
                   Choice(order));
  command.mutable_signal()->set_signal(signal);
  return Run(order, std::move(command), std::move(done));
}

absl::Status AppCommands::Send(const InstanceOrder& order,
                               const std::string& text, Done done) {
  if (text.size() > kMaxText) {
    return absl::InvalidArgumentError(absl::StrCat(
        "text: ", text.size(), " bytes; at most ", kMaxText, " can be sent"));
  }
  v1::Command command;
  ASSIGN_OR_RETURN(*command.mutable_send()->mutable_instances(), Choice(order));
  command.mutable_send()->set_text(text);
  return Run(order, std::move(command), std::move(done));
}

absl::Status AppCommands::Reset(const InstanceOrder& order, Done done) {
  v1::Command command;
  ASSIGN_OR_RETURN(*command.mutable_reset()->mutable_instances(),
                   Choice(order));
  return Run(order, std::move(command), std::move(done));
}

absl::Status AppCommands::Inspect(const InstanceOrder& order, Done done) {
  v1::Command command;
  ASSIGN_OR_RETURN(*command.mutable_inspect()->mutable_instances(),
                   Choice(order));
  return Run(order, std::move(command), std::move(done));
}

absl::Status AppCommands::Restart(const InstanceOrder& order,
                                  v1::ReloadStrategy strategy,
                                  const std::set<std::string>& started,
                                  Done done) {
  v1::Command command;
  ASSIGN_OR_RETURN(*command.mutable_restart()->mutable_instances(),
                   Choice(order));
  command.mutable_restart()->set_strategy(strategy);
  ASSIGN_OR_RETURN(std::vector<std::string> hosts,
                   registry_.HostsOf(order.app, order.hosts));
  std::erase_if(hosts,
                [&](const auto& host) { return started.contains(host); });
  return commands_.Run(
      hosts, std::move(command), HostCommands::kLimit,
      [started, done = std::move(done)](HostCommands::Results results) {
        for (const std::string& host : started) results[host].set_instances(1);
        done(AnswersOf(results));
      });
}

absl::Status AppCommands::Trigger(const InstanceOrder& order,
                                  const v1::TriggerAppRequest& request,
                                  Done done) {
  const absl::Duration timeout =
      request.has_timeout() ? fleet::FromProto(request.timeout()) : kReplyTime;
  RETURN_IF_ERROR(CheckTrigger(request, timeout));
  v1::Command command;
  v1::TriggerCommand& trigger = *command.mutable_trigger();
  ASSIGN_OR_RETURN(*trigger.mutable_instances(), Choice(order));
  trigger.set_action(request.action());
  if (request.has_parameter()) trigger.set_parameter(request.parameter());
  *trigger.mutable_timeout() = ToProtoDuration(timeout);
  return Run(order, std::move(command), std::move(done), timeout + kWayBack);
}

absl::Status AppCommands::FlushLogs(const InstanceOrder& order, Done done) {
  v1::Command command;
  command.mutable_empty_logs()->add_apps(LogName(order));
  return Run(order, std::move(command), std::move(done));
}

absl::Status AppCommands::ReopenLogs(const InstanceOrder& order, Done done) {
  v1::Command command;
  command.mutable_reopen_logs()->add_apps(LogName(order));
  return Run(order, std::move(command), std::move(done));
}

absl::Status AppCommands::Run(const InstanceOrder& order, v1::Command command,
                              Done done, absl::Duration limit) {
  ASSIGN_OR_RETURN(std::vector<std::string> hosts,
                   registry_.HostsOf(order.app, order.hosts));
  return commands_.Run(
      hosts, std::move(command), limit,
      [done = std::move(done)](const HostCommands::Results& results) {
        done(AnswersOf(results));
      });
}

}  // namespace fleet::controller
