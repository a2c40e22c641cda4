#include "cli/man_page.h"

#include <vector>

#include "absl/strings/ascii.h"
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

// Text as it is: man(7) gives a meaning to backslashes, to hyphens, and to a
// dot or quote at the start of a line.
std::string Escaped(absl::string_view text) {
  std::string out = absl::StrReplaceAll(
      text, {{"\\", "\\e"}, {"-", "\\-"}, {"…", "\\&..."}, {"'", "\\(aq"}});
  if (!out.empty() && out[0] == '.') out.insert(0, "\\&");
  return out;
}
std::string Escaped(std::string_view text) { return Escaped(ToAbsl(text)); }

std::string FlagEntry(const FlagDoc& flag) {
  std::vector<std::string> names;
  for (const absl::string_view name : absl::StrSplit(ToAbsl(flag.names), ',')) {
    names.push_back(absl::StrCat("\\fB", Escaped(name), "\\fR"));
  }
  const std::string value =
      flag.value.empty() ? ""
                         : absl::StrCat(" \\fI", Escaped(flag.value), "\\fR");
  return absl::StrCat(".TP\n", absl::StrJoin(names, ", "), value, "\n",
                      Escaped(flag.help), ".\n");
}

std::string FlagEntries(unsigned groups) {
  std::string text;
  for (const FlagDoc& flag : Flags()) {
    if ((groups & flag.group) != 0) text += FlagEntry(flag);
  }
  return text;
}

std::string Examples(std::string_view examples) {
  if (examples.empty()) return "";
  std::string text = ".PP\n.EX\n";
  for (const absl::string_view line : absl::StrSplit(ToAbsl(examples), '\n')) {
    absl::StrAppend(&text, Escaped(line), "\n");
  }
  return text + ".EE\n";
}

std::string CommandEntry(const CommandDoc& command) {
  std::string text = absl::StrCat(".SS fleetctl ", Escaped(command.name), " ",
                                  Escaped(command.operands), "\n",
                                  Escaped(command.summary), ".\n");
  if (!command.description.empty()) {
    absl::StrAppend(&text, Escaped(command.description), "\n");
  }
  if (!command.aliases.empty()) {
    absl::StrAppend(&text, "Also: ", Escaped(command.aliases), ".\n");
  }
  text += FlagEntries(command.flags & ~kGlobalFlags);
  return text + Examples(command.examples);
}

}  // namespace

std::string ManPage() {
  std::string text = absl::StrCat(
      ".TH FLEETCTL 1 \"\" \"fleet ", FLEET_VERSION,
      "\" \"Fleet\"\n.SH NAME\nfleetctl \\- run programs on many servers and "
      "reload them without losing a request\n.SH SYNOPSIS\n.B fleetctl\n"
      "\\fICOMMAND\\fR [\\fIFLAGS\\fR]\n.SH DESCRIPTION\n"
      "fleetctl talks to a controller, which tells the agents of all hosts "
      "what to run. With nothing configured it works with the fleet of this "
      "user on this machine, and starts it when it is needed.\n"
      ".PP\nData goes to standard output, all else to standard error.\n"
      ".SH OPTIONS\nOf every command:\n");
  text += FlagEntries(kGlobalFlags);
  for (const CommandGroup& group : CommandGroups()) {
    absl::StrAppend(&text, ".SH COMMANDS: ",
                    Escaped(ToAbsl(absl::AsciiStrToUpper(ToAbsl(group.title)))),
                    "\n");
    for (const CommandDoc* command : group.commands) {
      text += CommandEntry(*command);
    }
  }
  text += ".SH EXIT STATUS\n";
  for (const ExitMeaning& meaning : ExitMeanings()) {
    absl::StrAppend(&text, ".TP\n.B ", static_cast<int>(meaning.code), "\n",
                    Escaped(meaning.text), "\n");
  }
  text += ".SH ENVIRONMENT\n";
  for (const VariableDoc& variable : Variables()) {
    absl::StrAppend(&text, ".TP\n.B ", ToAbsl(variable.name), "\n",
                    Escaped(variable.help), ".\n");
  }
  return text +
         ".SH SEE ALSO\n.BR fleet\\-controller (8),\n.BR fleet\\-agent (8),\n"
         ".BR fleet\\-keeper (8).\n.PP\nfleetctl explain lists the fields of a "
         "file.\n";
}

}  // namespace fleet::cli
