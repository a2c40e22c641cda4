// What signal, send, reset and trigger have in common: an order to the workers
// there are now, and the answers of their hosts.
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

using HostAnswers = google::protobuf::RepeatedPtrField<v1::HostAnswer>;

// "web: 2 workers on 1 host got SIGHUP", and on stderr what was not done where;
// kError then. `done` is what came of it.
ExitCode SayInstances(const CommandContext& context, const ChosenApp& app,
                      const HostAnswers& answers, std::string_view done);

// Sends `request`, but for whom it is, to each of the chosen apps. What was
// answered is printed as -o says, or by `say(app, answers)`.
template <typename Request, typename Say>
ExitCode OrderEach(const CommandContext& context,
                   const std::vector<std::string>& words, Request request,
                   Say say) {
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
    code = Worse(code, say(app, response->answers()));
  }
  return code;
}

template <typename Request>
ExitCode OrderInstances(const CommandContext& context,
                        const std::vector<std::string>& words,
                        const Request& request, std::string_view done) {
  return OrderEach(context, words, request,
                   [&](const ChosenApp& app, const HostAnswers& answers) {
                     return SayInstances(context, app, answers, done);
                   });
}

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_INSTANCE_ORDERS_H_
