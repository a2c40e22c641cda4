#include "cli/commands/log_file_orders.h"

#include "absl/strings/str_cat.h"
#include "cli/render/text_style.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::cli {

ExitCode SayLogFiles(const CommandContext& context, const ChosenApp& app,
                     const HostAnswers& answers, std::string_view done) {
  ExitCode code = ExitCode::kSuccess;
  int hosts = 0;
  int files = 0;
  int64_t bytes = 0;
  for (const v1::HostAnswer& answer : answers) {
    files += answer.log_files();
    bytes += answer.log_bytes();
    if (answer.code() == 0) {
      ++hosts;
      continue;
    }
    code = ExitCode::kError;
    context.err << "fleetctl: " << app.Text() << " on " << answer.host() << ": "
                << Printable(answer.message()) << "\n";
  }
  if (hosts == 0) return code;
  context.out << app.Text() << ": " << files
              << (files == 1 ? " log file on " : " log files on ") << hosts
              << (hosts == 1 ? " host " : " hosts ") << done
              << (bytes > 0 ? absl::StrCat(", ", HumanSize(bytes), " freed")
                            : "")
              << "\n";
  return code;
}

}  // namespace fleet::cli
