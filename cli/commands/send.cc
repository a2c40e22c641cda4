#include "absl/strings/str_join.h"
#include "cli/commands/commands.h"
#include "cli/commands/instance_orders.h"

namespace fleet::cli {

ExitCode RunSend(const CommandContext& context) {
  const std::vector<std::string>& words = context.line.names;
  v1::SendToAppRequest request;
  request.set_text(absl::StrJoin(words.begin() + 1, words.end(), " "));
  return OrderInstances(context, {words[0]}, request, "got the message");
}

}  // namespace fleet::cli
