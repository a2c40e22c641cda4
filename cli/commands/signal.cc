#include <algorithm>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/commands/commands.h"
#include "cli/commands/instance_orders.h"
#include "proto/rpc/signal_name.h"

namespace fleet::cli {
namespace {

// "SIGUSR2", "usr2", "12".
std::optional<int> ReadSignal(const std::string& text) {
  int number = 0;
  // "-9" as for kill.
  if (absl::SimpleAtoi(text, &number)) return std::abs(number);
  return SignalNumber(text);
}

}  // namespace

ExitCode RunSignal(const CommandContext& context) {
  // PM2 wants the signal first; the other way round is understood as well.
  std::vector<std::string> words = context.line.names;
  auto found = std::find_if(
      words.begin(), words.end(),
      [](const std::string& word) { return SignalNumber(word).has_value(); });
  if (found == words.end()) found = words.begin();
  const std::string name = *found;
  words.erase(found);
  const std::optional<int> signal = ReadSignal(name);
  if (!signal) {
    return FailUsage(context,
                     absl::StrCat("signal SIGNAL APP…: \"", name,
                                  "\" is no signal, e.g. SIGUSR2 or 12"));
  }
  v1::SignalAppRequest request;
  request.set_signal(*signal);
  return OrderInstances(context, words, request,
                        absl::StrCat("got ", SignalName(*signal)));
}

}  // namespace fleet::cli
