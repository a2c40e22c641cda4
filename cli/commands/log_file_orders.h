// What flush and reloadLogs have in common: an order about log files, and the
// answers of the hosts.
#ifndef FLEET_CLI_COMMANDS_LOG_FILE_ORDERS_H_
#define FLEET_CLI_COMMANDS_LOG_FILE_ORDERS_H_

#include <string>
#include <string_view>
#include <vector>

#include "cli/app_choice.h"
#include "cli/commands/app_names.h"
#include "cli/commands/command_context.h"
#include "fleet/v1/app_service.pb.h"

namespace fleet::cli {

// "web: 4 log files on 2 hosts emptied, 12.5 MB", and on stderr what was not
// done where; kError then.
ExitCode SayLogFiles(
    const CommandContext& context, const ChosenApp& app,
    const google::protobuf::RepeatedPtrField<v1::HostAnswer>& answers,
    std::string_view done);

// Sends `request`, but for whom it is, to each app that is named (none: all).
template <typename Request>
ExitCode OrderLogFiles(const CommandContext& context, Request request,
                       std::string_view done) {
  std::vector<std::string> words = context.line.names;
  if (words.empty()) words.emplace_back("all");
  const auto chosen = ResolveInstances(context, words);
  if (!chosen.ok()) return Fail(context, chosen.status());
  ExitCode code = ExitCode::kSuccess;
  for (const ChosenApp& app : *chosen) {
    request.set_name(app.name);
    request.clear_slot();
    if (app.slot) request.set_slot(*app.slot);
    request.set_hosts(context.line.hosts);
    const auto response = context.client.Call(request);
    if (!response.ok()) return Fail(context, response.status());
    if (PrintMessage(context, *response)) continue;
    code = Worse(code, SayLogFiles(context, app, response->answers(), done));
  }
  return code;
}

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_LOG_FILE_ORDERS_H_
