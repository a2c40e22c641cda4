#include "cli/commands/command_context.h"

#include "cli/render/message_text.h"

namespace fleet::cli {

ExitCode Fail(const CommandContext& context, const absl::Status& status) {
  const ExitCode code = ExitCodeOf(status);
  context.err << "fleetctl: ";
  const bool no_fleet = code == ExitCode::kUnreachable &&
                        context.local != nullptr &&
                        !context.local->ControllerRuns();
  if (no_fleet && context.local->AgentRuns()) {
    context.err << "the controller of your fleet on this machine does not run; "
                   "its workers go on.\nStart it with `fleetctl up`"
                << std::endl;
  } else if (no_fleet) {
    context.err << "no fleet runs for this user on this machine; start one "
                   "with `fleetctl up`,\nor name a controller with "
                   "--controller or FLEET_CONTROLLER"
                << std::endl;
  } else {
    context.err << status.message() << std::endl;
  }
  if (code == ExitCode::kUnreachable && !no_fleet) {
    context.err << "hosts and their workers go on without it. Start it there, "
                   "or name another with --controller or FLEET_CONTROLLER"
                << std::endl;
  }
  return code;
}

ExitCode FailUsage(const CommandContext& context, std::string_view what) {
  context.err << "fleetctl: " << what << std::endl;
  return ExitCode::kUsage;
}

void Note(const CommandContext& context, std::string_view what) {
  context.err << context.err_style.Paint(Colour::kYellow, "note:") << " "
              << what << std::endl;
}

bool PrintMessage(const CommandContext& context,
                  const google::protobuf::Message& message) {
  switch (context.line.output) {
    case OutputFormat::kJson:
      context.out << ToJsonText(message);
      return true;
    case OutputFormat::kYaml:
      context.out << ToYamlText(message);
      return true;
    case OutputFormat::kTable:
    case OutputFormat::kWide:
    case OutputFormat::kName:
      return false;
  }
  return false;
}

TableView ViewOf(const CommandContext& context) {
  TableView view;
  view.now = context.clock.WallNow();
  view.style = context.out_style;
  view.wide = context.line.output == OutputFormat::kWide;
  // Wide tables may be wider than the terminal: that is what they are for.
  if (!view.wide) view.width = context.out_width;
  return view;
}

absl::Status EnsureFleet(const CommandContext& context) {
  if (context.local == nullptr) return absl::OkStatus();
  const auto said = context.local->Up(context.client, context.loop);
  if (!said.ok()) return said.status();
  if (!said->empty()) context.err << *said << std::endl;
  return absl::OkStatus();
}

std::string RequestIdOf(const CommandContext& context, const std::string& app,
                        size_t apps) {
  const std::string& id = context.line.request_id;
  return id.empty() || apps < 2 ? id : id + "." + app;
}

ExitCode Worse(ExitCode first, ExitCode second) {
  return first == ExitCode::kSuccess ? second : first;
}

}  // namespace fleet::cli
