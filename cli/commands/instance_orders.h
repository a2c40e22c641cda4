// What signal, send and reset have in common: an order to the workers there
// are now, and the answers of their hosts.
#ifndef FLEET_CLI_COMMANDS_INSTANCE_ORDERS_H_
#define FLEET_CLI_COMMANDS_INSTANCE_ORDERS_H_

#include <string>
#include <string_view>
#include <vector>

#include "cli/app_choice.h"
#include "cli/commands/app_names.h"
#include "cli/commands/command_context.h"
#include "fleet/v1/app_service.pb.h"

namespace fleet::cli {

// The counts of what was done, and what was not done where.
class InstanceAnswers {
 public:
  // `done` is what a worker was, e.g. "was sent SIGHUP" with "were …" for
  // several: it follows "2 workers on 1 host".
  InstanceAnswers(const CommandContext& context, std::string done)
      : context_(context), done_(std::move(done)) {}

  void Add(const ChosenApp& app,
           const google::protobuf::RepeatedPtrField<v1::HostAnswer>& answers);

  // kError when a host has not done it.
  ExitCode code() const { return code_; }

 private:
  const CommandContext& context_;
  const std::string done_;
  ExitCode code_ = ExitCode::kSuccess;
};

// Sends `request`, but for whom it is, to each of the chosen apps.
template <typename Request>
ExitCode OrderInstances(const CommandContext& context,
                        const std::vector<std::string>& words, Request request,
                        std::string done) {
  const auto chosen = ResolveInstances(context, words);
  if (!chosen.ok()) return Fail(context, chosen.status());
  InstanceAnswers answers(context, std::move(done));
  for (const ChosenApp& app : *chosen) {
    request.set_name(app.name);
    request.clear_slot();
    if (app.slot) request.set_slot(*app.slot);
    request.set_hosts(context.line.hosts);
    const auto response = context.client.Call(request);
    if (!response.ok()) return Fail(context, response.status());
    if (!PrintMessage(context, *response)) {
      answers.Add(app, response->answers());
    }
  }
  return answers.code();
}

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_INSTANCE_ORDERS_H_
