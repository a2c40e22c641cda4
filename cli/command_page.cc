#include "cli/command_page.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/command_groups.h"
#include "cli/command_table.h"
#include "cli/exit_code.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

// In a cell of a table.
std::string TableText(std::string_view text) {
  return absl::StrReplaceAll(ToAbsl(text), {{"|", "\\|"}});
}

std::string FlagRow(const FlagDoc& flag) {
  std::vector<std::string> names;
  for (const absl::string_view name : absl::StrSplit(ToAbsl(flag.names), ',')) {
    names.push_back(absl::StrCat("`", name, "`"));
  }
  const std::string value =
      flag.value.empty() ? "" : absl::StrCat(" ", TableText(flag.value));
  return absl::StrCat("| ", absl::StrJoin(names, ", "), value, " | ",
                      TableText(flag.help), " |\n");
}

std::string FlagTable(unsigned groups) {
  std::string rows;
  for (const FlagDoc& flag : Flags()) {
    if ((groups & flag.group) != 0) rows += FlagRow(flag);
  }
  return rows.empty() ? "" : absl::StrCat("\n| flag | |\n|---|---|\n", rows);
}

// Long lists that many commands have stand once, at the end.
constexpr unsigned kSharedFlags = kGlobalFlags | kPolicyFlags | kSpecFlags;

std::string SharedFlagsNote(unsigned flags) {
  std::vector<std::string> notes;
  if ((flags & kPolicyFlags) != 0) {
    notes.emplace_back("the [flags of a rollout](#flags-of-a-rollout)");
  }
  if ((flags & kSpecFlags) != 0) {
    notes.emplace_back("the [flags for a script](#flags-for-a-script)");
  }
  return notes.empty()
             ? ""
             : absl::StrCat("\nAlso ", absl::StrJoin(notes, " and "), ".\n");
}

std::string CommandSection(const CommandDoc& command) {
  std::string text = absl::StrCat("\n### ", ToAbsl(command.name), "\n\n",
                                  ToAbsl(command.summary),
                                  ".\n\n```\nfleetctl ", ToAbsl(command.name));
  if (!command.operands.empty()) {
    absl::StrAppend(&text, " ", ToAbsl(command.operands));
  }
  text += " [FLAGS]\n```\n";
  if (!command.description.empty()) {
    absl::StrAppend(&text, "\n", ToAbsl(command.description), "\n");
  }
  if (!command.aliases.empty()) {
    const bool one_word = command.name.find(' ') == command.name.npos;
    absl::StrAppend(
        &text, "\nAlso: `",
        one_word ? absl::StrReplaceAll(ToAbsl(command.aliases), {{" ", "`, `"}})
                 : std::string(command.aliases),
        "`.\n");
  }
  text += FlagTable(command.flags & ~kSharedFlags);
  text += SharedFlagsNote(command.flags);
  if (command.examples.empty()) return text;
  return absl::StrCat(text, "\n```sh\n", ToAbsl(command.examples), "\n```\n");
}

}  // namespace

std::string CommandPage() {
  std::string text =
      "# fleetctl's commands\n\nMade by `fleetctl help --page`, from the table "
      "that `--help` and the manual page come from.\n\nAn APP is a name, an "
      "id, "
      "a glob (`api-*`), a regular expression (`/^api/`), a namespace, a file "
      "of "
      "specs, or `all`; APP.N is one of its instances, on every host. "
      "`--hosts` "
      "narrows a command to some hosts.\n";
  for (const CommandGroup& group : CommandGroups()) {
    absl::StrAppend(&text, "\n## ", ToAbsl(group.title), "\n");
    for (const CommandDoc* command : group.commands) {
      text += CommandSection(*command);
    }
  }
  absl::StrAppend(
      &text, "\n## Flags of every command\n", FlagTable(kGlobalFlags),
      "\n## Flags of a rollout\n", FlagTable(kPolicyFlags),
      "\n## Flags for a script\n\nEach sets "
      "the field of its name ([fields](fields.md)).\n",
      FlagTable(kSpecFlags), "\n## Exit codes\n\n| code | |\n|---|---|\n");
  for (const ExitMeaning& meaning : ExitMeanings()) {
    absl::StrAppend(&text, "| ", static_cast<int>(meaning.code), " | ",
                    ToAbsl(meaning.text), " |\n");
  }
  text += "\n## Environment\n\n| variable | |\n|---|---|\n";
  for (const VariableDoc& variable : Variables()) {
    absl::StrAppend(&text, "| `", ToAbsl(variable.name), "` | ",
                    ToAbsl(variable.help), " |\n");
  }
  return text;
}

}  // namespace fleet::cli
