#include "cli/commands/instance_orders.h"

#include "absl/strings/str_cat.h"
#include "cli/render/text_style.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

std::string Counted(int count, std::string_view noun) {
  return absl::StrCat(count, " ", ToAbsl(noun), count == 1 ? "" : "s");
}

}  // namespace

ExitCode SayInstances(const CommandContext& context, const ChosenApp& app,
                      const HostAnswers& answers, std::string_view done) {
  ExitCode code = ExitCode::kSuccess;
  int workers = 0;
  int hosts = 0;
  for (const v1::HostAnswer& answer : answers) {
    if (answer.code() != 0) {
      code = ExitCode::kError;
      context.err << "fleetctl: " << app.Text() << " on " << answer.host()
                  << ": " << Printable(answer.message()) << "\n";
      continue;
    }
    workers += answer.instances();
    ++hosts;
  }
  if (hosts > 0) {
    context.out << app.Text() << ": " << Counted(workers, "worker") << " on "
                << Counted(hosts, "host") << " " << done << "\n";
  }
  return code;
}

}  // namespace fleet::cli
