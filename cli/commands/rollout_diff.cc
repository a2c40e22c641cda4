#include "cli/commands/commands.h"
#include "cli/render/text_style.h"

namespace fleet::cli {

ExitCode RunRolloutDiff(const CommandContext& context) {
  v1::DiffRolloutRequest request;
  request.set_name(context.line.names[0]);
  const auto response = context.client.Call(request);
  if (!response.ok()) return Fail(context, response.status());
  if (PrintMessage(context, *response)) return ExitCode::kSuccess;
  if (response->from_revision() == response->to_revision()) {
    context.err << "revision " << response->to_revision()
                << " before and after: only the workers are replaced"
                << std::endl;
    return ExitCode::kSuccess;
  }
  context.out << "revision " << response->from_revision() << " → "
              << response->to_revision() << "\n";
  for (const std::string& difference : response->differences()) {
    context.out << "  " << Printable(difference) << "\n";
  }
  context.out << std::flush;
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
