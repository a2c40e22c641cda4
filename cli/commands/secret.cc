// fleetctl secret set|ls|rm.
#include <unistd.h>

#include <iostream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands/commands.h"
#include "cli/render/access_text.h"
#include "cli/render/age.h"
#include "cli/render/text_table.h"

namespace fleet::cli {
namespace {

// All of standard input, without one newline at its end: a value on the
// command line would stand in a shell's history and in `ps`.
std::string ReadValue(const CommandContext& context) {
  if (isatty(STDIN_FILENO) != 0) {
    context.err << "value, ended by Ctrl-D: " << std::flush;
  }
  std::string value((std::istreambuf_iterator<char>(std::cin)),
                    std::istreambuf_iterator<char>());
  if (!value.empty() && value.back() == '\n') value.pop_back();
  return value;
}

}  // namespace

ExitCode RunSecretSet(const CommandContext& context) {
  v1::SetSecretRequest request;
  request.set_name(context.line.names[0]);
  request.set_value(ReadValue(context));
  const auto set = context.client.Call(request);
  if (!set.ok()) return Fail(context, set.status());
  context.err << SecretNotice(set->secret(), request.value().size());
  return ExitCode::kSuccess;
}

ExitCode RunSecretLs(const CommandContext& context) {
  const auto secrets = context.client.Call(v1::ListSecretsRequest());
  if (!secrets.ok()) return Fail(context, secrets.status());
  if (PrintMessage(context, *secrets)) return ExitCode::kSuccess;
  TextTable table({{"NAME"}, {"VERSION", true}, {"AGE"}, {"BY"}, {"APPS"}});
  for (const v1::Secret& secret : secrets->secrets()) {
    table.AddRow({secret.name(), absl::StrCat(secret.version()),
                  AgeText(true, secret.update_time(), context.clock.WallNow()),
                  secret.actor(), absl::StrJoin(secret.apps(), ",")});
  }
  context.out << table.ToText(context.out_style);
  return ExitCode::kSuccess;
}

ExitCode RunSecretRm(const CommandContext& context) {
  v1::DeleteSecretRequest request;
  request.set_name(context.line.names[0]);
  const auto deleted = context.client.Call(request);
  if (!deleted.ok()) return Fail(context, deleted.status());
  context.err << "secret " << request.name() << " is deleted" << std::endl;
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
