#include "controller/app_commands.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr int kHighestSignal = 64;
constexpr size_t kMaxText = 64 << 10;

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

absl::Status AppCommands::Run(const InstanceOrder& order, v1::Command command,
                              Done done) {
  ASSIGN_OR_RETURN(std::vector<std::string> hosts,
                   registry_.HostsOf(order.app, order.hosts));
  return commands_.Run(
      hosts, std::move(command), HostCommands::kLimit,
      [done = std::move(done)](const HostCommands::Results& results) {
        Answers answers;
        for (const auto& [host, result] : results) {
          v1::HostAnswer& answer = *answers.Add();
          answer.set_host(host);
          answer.set_code(result.code());
          answer.set_message(result.message());
          answer.set_instances(result.instances());
          *answer.mutable_workers() = result.workers();
        }
        done(std::move(answers));
      });
}

}  // namespace fleet::controller
