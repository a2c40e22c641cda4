#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "cli/commands/commands.h"
#include "cli/monit/monit_session.h"

namespace fleet::cli {
namespace {

// As the C library finds the locale (locale(7)).
bool SpeaksUtf8(const Environment& env) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = env(name);
    if (value.empty()) continue;
    const std::string lower = absl::AsciiStrToLower(value);
    return absl::StrContains(lower, "utf-8") ||
           absl::StrContains(lower, "utf8");
  }
  return false;
}

}  // namespace

ExitCode RunMonit(const CommandContext& context) {
  // Once before the screen is taken, so that an error can be read.
  const auto there = context.client.Call(v1::GetControllerRequest());
  if (!there.ok()) return Fail(context, there.status());
  MonitSession::Options options;
  options.hosts = context.line.hosts;
  options.in_fd = STDIN_FILENO;
  options.out_fd = STDOUT_FILENO;
  options.colours = !context.line.no_color && context.env("NO_COLOR").empty();
  options.utf8 = SpeaksUtf8(context.env);
  const absl::Status ran =
      MonitSession(context.client, context.loop, options).Run();
  return ran.ok() ? ExitCode::kSuccess : Fail(context, ran);
}

}  // namespace fleet::cli
