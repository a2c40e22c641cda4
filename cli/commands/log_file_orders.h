// What flush and reloadLogs have in common: an order about log files, and the
// answers of the hosts.
#ifndef FLEET_CLI_COMMANDS_LOG_FILE_ORDERS_H_
#define FLEET_CLI_COMMANDS_LOG_FILE_ORDERS_H_

#include <string>
#include <string_view>
#include <vector>

#include "cli/commands/instance_orders.h"

namespace fleet::cli {

// "web: 4 log files on 2 hosts emptied, 12.5 MB freed", and on stderr what was
// not done where; kError then.
ExitCode SayLogFiles(const CommandContext& context, const ChosenApp& app,
                     const HostAnswers& answers, std::string_view done);

// Sends `request`, but for whom it is, to each app that is named (none: all).
template <typename Request>
ExitCode OrderLogFiles(const CommandContext& context, const Request& request,
                       std::string_view done) {
  std::vector<std::string> words = context.line.names;
  if (words.empty()) words.emplace_back("all");
  return OrderEach(context, words, request,
                   [&](const ChosenApp& app, const HostAnswers& answers) {
                     return SayLogFiles(context, app, answers, done);
                   });
}

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_LOG_FILE_ORDERS_H_
