#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands/app_names.h"
#include "cli/commands/commands.h"
#include "cli/render/text_style.h"
#include "fleet/v1/app_service.pb.h"
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
  request.set_hosts(context.line.hosts);
  const auto chosen = ResolveInstances(context, {words[0]});
  if (!chosen.ok()) return Fail(context, chosen.status());
  ExitCode code = ExitCode::kSuccess;
  for (const ChosenApp& app : *chosen) {
    request.set_name(app.name);
    request.clear_slot();
    if (app.slot) request.set_slot(*app.slot);
    const auto response = context.client.Call(request);
    if (!response.ok()) return Fail(context, response.status());
    if (PrintMessage(context, *response)) continue;
    for (const v1::HostAnswer& answer : response->answers()) {
      code = Worse(code, PrintReplies(context, app, answer));
    }
  }
  return code;
}

}  // namespace fleet::cli
