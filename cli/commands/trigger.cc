#include "absl/strings/str_join.h"
#include "cli/commands/commands.h"
#include "cli/commands/instance_orders.h"
#include "nlohmann/json.hpp"

namespace fleet::cli {

// As PM2 asks for a custom action: its name, or {msg, opts} with a parameter.
ExitCode RunTrigger(const CommandContext& context) {
  const std::vector<std::string>& words = context.line.names;
  nlohmann::ordered_json message = words[1];
  if (words.size() > 2) {
    message = {{"msg", words[1]},
               {"opts", absl::StrJoin(words.begin() + 2, words.end(), " ")}};
  }
  v1::SendToAppRequest request;
  request.set_text(
      message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return OrderInstances(context, {words[0]}, request,
                        "were asked for the action");
}

}  // namespace fleet::cli
