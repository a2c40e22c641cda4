#include "cli/completion_script.h"

#include <map>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/command_table.h"
#include "cli/spec_file/field.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr std::string_view kApps = "fleetctl ls -o name 2>/dev/null";
constexpr std::string_view kHosts = "fleetctl hosts -o name 2>/dev/null";
constexpr std::string_view kRollouts =
    "fleetctl rollout ls -o name 2>/dev/null; fleetctl ls -o name 2>/dev/null";

std::vector<std::string> FlagNames(const CommandDoc& command) {
  std::vector<std::string> names;
  for (const FlagDoc& flag : Flags()) {
    if ((command.flags & flag.group) == 0) continue;
    for (const absl::string_view name :
         absl::StrSplit(ToAbsl(flag.names), ',')) {
      names.emplace_back(name);
    }
  }
  return names;
}

// The second words of the commands of two, by their first: "rollout" → status,
// ls, …
std::map<std::string, std::vector<std::string>> Verbs() {
  std::map<std::string, std::vector<std::string>> verbs;
  for (const CommandDoc& command : Commands()) {
    const size_t blank = command.name.find(' ');
    if (blank == command.name.npos) continue;
    verbs[std::string(command.name.substr(0, blank))].emplace_back(
        command.name.substr(blank + 1));
  }
  return verbs;
}

std::string FirstWords() {
  std::set<std::string> words;
  for (const CommandDoc& command : Commands()) {
    words.emplace(command.name.substr(0, command.name.find(' ')));
  }
  return absl::StrJoin(words, " ");
}

std::string FieldNames() {
  std::vector<std::string> names;
  for (const Field& field : AllFields()) names.emplace_back(field.name);
  return absl::StrJoin(names, " ");
}

std::string OperandWords(Operand operand) {
  switch (operand) {
    case Operand::kApps:
      return absl::StrCat("$(", ToAbsl(kApps), ")");
    case Operand::kRollouts:
      return absl::StrCat("$(", ToAbsl(kRollouts), ")");
    case Operand::kHosts:
      return absl::StrCat("$(", ToAbsl(kHosts), ")");
    case Operand::kShells:
      return "bash zsh fish";
    case Operand::kFields:
      return FieldNames();
    case Operand::kUnits:
      return "agent controller";
    case Operand::kNone:
    case Operand::kFiles:
      return "";
  }
  return "";
}

// The branch of one command; `name` has one word or two.
std::string BashCase(std::string_view name, const CommandDoc* command,
                     const std::vector<std::string>& verbs) {
  std::string text = absl::StrCat("    \"", ToAbsl(name), "\")\n");
  std::string words = absl::StrJoin(verbs, " ");
  if (command != nullptr) {
    absl::StrAppend(&text, "      flags=\"",
                    absl::StrJoin(FlagNames(*command), " "), "\"\n");
    if (command->operand == Operand::kFiles) text += "      files=1\n";
    const std::string operands = OperandWords(command->operand);
    if (!words.empty() && !operands.empty()) words += " ";
    words += operands;
  }
  if (!words.empty()) {
    absl::StrAppend(&text, "      [[ $cur == -* ]] || words=\"", words, "\"\n");
  }
  return text + "      ;;\n";
}

std::string BashCases() {
  std::string cases;
  auto verbs = Verbs();
  for (const CommandDoc& command : Commands()) {
    const std::string name(command.name);
    cases += BashCase(name, &command, verbs[name]);
    verbs.erase(name);
  }
  // First words that are no command by themselves.
  for (const auto& [name, words] : verbs) {
    if (!words.empty()) cases += BashCase(name, nullptr, words);
  }
  return cases;
}

std::string BashPairs() {
  std::vector<std::string> pairs;
  for (const CommandDoc& command : Commands()) {
    if (command.name.find(' ') == command.name.npos) continue;
    pairs.push_back(absl::StrCat("\"", ToAbsl(command.name), "\""));
  }
  return absl::StrJoin(pairs, "|");
}

std::string BashScript() {
  return absl::StrCat(
      R"sh(# bash completion of fleetctl
_fleetctl() {
  local cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
  local words= flags= files=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ")sh",
      FirstWords(), R"sh(" -- "$cur"))
    return
  fi
  if ((COMP_CWORD > 2)); then
    case "$command ${COMP_WORDS[2]}" in
      )sh",
      BashPairs(), R"sh() command+=" ${COMP_WORDS[2]}" ;;
    esac
  fi
  case $command in
)sh",
      BashCases(), R"sh(  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [[ -n $files ]]; then
    COMPREPLY=($(compgen -f -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
}
complete -o filenames -F _fleetctl fleetctl
)sh");
}

std::string ZshScript() {
  return absl::StrCat(
      "#compdef fleetctl\n"
      "autoload -U +X bashcompinit && bashcompinit\n",
      BashScript());
}

std::string FishQuoted(std::string_view text) {
  return absl::StrCat(
      "'", absl::StrReplaceAll(ToAbsl(text), {{"\\", "\\\\"}, {"'", "\\'"}}),
      "'");
}

// When `command` is being typed: its first word is there, and its second.
std::string FishCondition(std::string_view command) {
  const size_t blank = command.find(' ');
  if (blank == command.npos) {
    return absl::StrCat("'__fish_seen_subcommand_from ", ToAbsl(command), "'");
  }
  return absl::StrCat("'__fish_seen_subcommand_from ",
                      ToAbsl(command.substr(0, blank)),
                      "; and __fish_seen_subcommand_from ",
                      ToAbsl(command.substr(blank + 1)), "'");
}

std::string FishFlag(const FlagDoc& flag) {
  std::string out;
  for (const absl::string_view name : absl::StrSplit(ToAbsl(flag.names), ',')) {
    const bool is_long = name.substr(0, 2) == "--";
    absl::StrAppend(&out, is_long ? " -l " : " -s ",
                    name.substr(is_long ? 2 : 1));
  }
  if (!flag.value.empty()) out += " -r";
  return absl::StrCat(out, " -d ", FishQuoted(flag.help));
}

std::string FishScript() {
  std::string out = "# fish completion of fleetctl\n";
  absl::StrAppend(&out, "complete -c fleetctl -n __fish_use_subcommand -f -a '",
                  FirstWords(), "'\n");
  for (const auto& [name, verbs] : Verbs()) {
    absl::StrAppend(&out, "complete -c fleetctl -n ", FishCondition(name),
                    " -f -a '", absl::StrJoin(verbs, " "), "'\n");
  }
  for (const CommandDoc& command : Commands()) {
    const std::string start =
        absl::StrCat("complete -c fleetctl -n ", FishCondition(command.name));
    for (const FlagDoc& flag : Flags()) {
      if ((command.flags & flag.group) == 0) continue;
      absl::StrAppend(&out, start, FishFlag(flag), "\n");
    }
    std::string operands = OperandWords(command.operand);
    // fish writes (command) for $(command).
    operands = absl::StrReplaceAll(operands, {{"$(", "("}});
    if (!operands.empty()) {
      absl::StrAppend(&out, start, " -f -a ", FishQuoted(operands), "\n");
    }
  }
  return out;
}

}  // namespace

std::string CompletionScript(std::string_view shell) {
  if (shell == "bash") return BashScript();
  if (shell == "zsh") return ZshScript();
  if (shell == "fish") return FishScript();
  return "";
}

}  // namespace fleet::cli
