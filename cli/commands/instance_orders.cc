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

void InstanceAnswers::Add(
    const ChosenApp& app,
    const google::protobuf::RepeatedPtrField<v1::HostAnswer>& answers) {
  int workers = 0;
  int hosts = 0;
  for (const v1::HostAnswer& answer : answers) {
    if (answer.code() != 0) {
      code_ = ExitCode::kError;
      context_.err << "fleetctl: " << app.Text() << " on " << answer.host()
                   << ": " << Printable(answer.message()) << "\n";
      continue;
    }
    workers += answer.instances();
    ++hosts;
  }
  if (hosts > 0) {
    context_.out << app.Text() << ": " << Counted(workers, "worker") << " on "
                 << Counted(hosts, "host") << " " << done_ << "\n";
  }
}

}  // namespace fleet::cli
