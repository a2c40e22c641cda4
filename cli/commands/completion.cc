#include "absl/strings/str_cat.h"
#include "cli/commands/commands.h"
#include "cli/completion_script.h"

namespace fleet::cli {

ExitCode RunCompletion(const CommandContext& context) {
  const std::string& shell = context.line.names[0];
  const std::string script = CompletionScript(shell);
  if (script.empty()) {
    return FailUsage(context, absl::StrCat("completion: expected bash, zsh or "
                                           "fish, found \"",
                                           shell, "\""));
  }
  context.out << script;
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
