#include "cli/help_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/command_groups.h"
#include "cli/exit_code.h"
#include "cli/render/text_style.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr size_t kTextWidth = 78;

std::string FlagTitle(const FlagDoc& flag) {
  const std::string names =
      absl::StrReplaceAll(ToAbsl(flag.names), {{",", ", "}});
  return absl::StrCat(flag.names.starts_with("--") ? "    " : "", names,
                      flag.value.empty() ? "" : " ", ToAbsl(flag.value));
}

std::string FlagList(unsigned groups, std::string_view title) {
  size_t width = 0;
  constexpr size_t kWidestTitle = 34;
  for (const FlagDoc& flag : Flags()) {
    if ((groups & flag.group) == 0) continue;
    width = std::max(width, DisplayWidth(FlagTitle(flag)));
  }
  width = std::min(width, kWidestTitle);
  std::string out;
  for (const FlagDoc& flag : Flags()) {
    if ((groups & flag.group) == 0) continue;
    const std::string head = FlagTitle(flag);
    absl::StrAppend(&out, "  ", PaddedRight(head, width));
    const std::string gap = std::string(width + 4, ' ');
    absl::StrAppend(&out, DisplayWidth(head) > width ? "\n" + gap : "  ",
                    Wrapped(flag.help, gap.size(), kTextWidth), "\n");
  }
  return out.empty() ? "" : absl::StrCat("\n", ToAbsl(title), ":\n", out);
}

std::string CommandList(std::string_view title,
                        const std::vector<const CommandDoc*>& commands) {
  if (commands.empty()) return "";
  std::string text = absl::StrCat("\n", ToAbsl(title), ":\n");
  for (const CommandDoc* command : commands) {
    absl::StrAppend(&text, "  ", PaddedRight(command->name, 16), " ",
                    ToAbsl(command->summary), "\n");
  }
  return text;
}

}  // namespace

std::string OverviewHelp() {
  std::string text =
      "fleetctl: run programs on many servers and reload them without losing "
      "a request\n\nusage: fleetctl COMMAND [FLAGS]\n";
  for (const CommandGroup& group : CommandGroups()) {
    absl::StrAppend(&text, CommandList(group.title, group.commands));
  }
  absl::StrAppend(
      &text, FlagList(kGlobalFlags, "flags of every command"),
      "\nexamples:\n"
      "  fleetctl start app.js -i 4           # on this machine, at once\n"
      "  fleetctl reload web --hosts all      # everywhere, losing nothing\n"
      "\nfleetctl COMMAND --help tells more.\n"
      "\nexit codes:\n");
  for (const ExitMeaning& meaning : ExitMeanings()) {
    absl::StrAppend(
        &text, "  ",
        PaddedRight(absl::StrCat(static_cast<int>(meaning.code)), 5),
        ToAbsl(meaning.text), "\n");
  }
  return text;
}

std::string CommandHelp(const CommandDoc& command) {
  std::string text = absl::StrCat(
      ToAbsl(command.summary), ".\n\nusage: fleetctl ", ToAbsl(command.name));
  if (!command.operands.empty()) {
    absl::StrAppend(&text, " ", ToAbsl(command.operands));
  }
  text += " [FLAGS]\n";
  if (!command.aliases.empty()) {
    const std::string aliases =
        command.name.find(' ') == command.name.npos
            ? absl::StrReplaceAll(ToAbsl(command.aliases), {{" ", ", "}})
            : std::string(command.aliases);
    absl::StrAppend(&text, "also: ", Wrapped(aliases, 6, kTextWidth), "\n");
  }
  if (!command.description.empty()) {
    absl::StrAppend(&text, "\n", Wrapped(command.description, 0, kTextWidth),
                    "\n");
  }
  text += FlagList(command.flags & ~(kGlobalFlags | kSpecFlags), "flags");
  text += FlagList(command.flags & kSpecFlags, "flags for a script");
  text += FlagList(command.flags & kGlobalFlags, "flags of every command");
  if (command.examples.empty()) return text;
  absl::StrAppend(
      &text, "\nexamples:\n  ",
      absl::StrReplaceAll(ToAbsl(command.examples), {{"\n", "\n  "}}), "\n");
  return text;
}

}  // namespace fleet::cli
