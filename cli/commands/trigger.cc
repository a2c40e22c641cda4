#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands/commands.h"
#include "cli/commands/instance_orders.h"
#include "cli/render/text_style.h"
#include "proto/rpc/proto_time.h"

namespace fleet::cli {
namespace {

// As PM2 prints them: "[web.0 on host-1] = {"cleared":12}". An instance that
// has not replied is an error.
ExitCode PrintReplies(const CommandContext& context, const ChosenApp& app,
                      const v1::HostAnswer& answer) {
  ExitCode code = ExitCode::kSuccess;
  if (answer.code() != 0) {
    context.err << "fleetctl: " << app.Text() << " on " << answer.host() << ": "
                << Printable(answer.message()) << "\n";
    return ExitCode::kError;
  }
  for (const v1::ActionReply& reply : answer.replies()) {
    if (reply.code() == 0) {
      context.out << "[" << app.name << "." << reply.slot() << " on "
                  << answer.host() << "] = " << Printable(reply.value())
                  << "\n";
      continue;
    }
    code = ExitCode::kError;
    context.err << "fleetctl: " << answer.host() << ": "
                << Printable(reply.message()) << "\n";
  }
  return code;
}

}  // namespace

ExitCode RunTrigger(const CommandContext& context) {
  const std::vector<std::string>& words = context.line.names;
  v1::TriggerAppRequest request;
  request.set_action(words[1]);
  if (words.size() > 2) {
    request.set_parameter(absl::StrJoin(words.begin() + 2, words.end(), " "));
  }
  if (context.line.timeout != absl::InfiniteDuration()) {
    *request.mutable_timeout() = ToProtoDuration(context.line.timeout);
  }
  return OrderEach(
      context, {words[0]}, request,
      [&context](const ChosenApp& app, const HostAnswers& answers) {
        ExitCode code = ExitCode::kSuccess;
        for (const v1::HostAnswer& answer : answers) {
          code = Worse(code, PrintReplies(context, app, answer));
        }
        return code;
      });
}

}  // namespace fleet::cli
