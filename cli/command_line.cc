#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/command_table.h"
#include "cli/pm2_flags.h"
#include "cli/spec_file/nearest_name.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

// What CLI11 gives for a value that was left out.
constexpr const char* kNoValue = "-";

std::vector<std::string> NamesOf(const FlagDoc& flag) {
  return absl::StrSplit(ToAbsl(flag.names), ',');
}

bool IsGlobalWithValue(const std::string& arg) {
  for (const FlagDoc& flag : Flags()) {
    if (flag.group != kGlobalFlags || flag.value.empty()) continue;
    const auto names = NamesOf(flag);
    if (std::find(names.begin(), names.end(), arg) != names.end()) return true;
  }
  return false;
}

// Takes the next word that is neither a flag nor the value of a global one;
// empty: there is none.
std::string TakeWord(std::vector<std::string>& args) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (IsGlobalWithValue(args[i])) {
      ++i;
    } else if (!args[i].starts_with('-')) {
      std::string word = args[i];
      args.erase(args.begin() + static_cast<ptrdiff_t>(i));
      return word;
    }
  }
  return "";
}

absl::Status UnknownCommand(const std::string& name) {
  std::vector<std::string> known;
  for (const CommandDoc& command : Commands()) {
    known.emplace_back(command.name);
    const std::vector<std::string> aliases =
        absl::StrSplit(ToAbsl(command.aliases), ' ', absl::SkipEmpty());
    known.insert(known.end(), aliases.begin(), aliases.end());
  }
  const std::string near = NearestName(name, known);
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown command \"", name, "\"",
      near.empty() ? "; fleetctl --help lists them"
                   : absl::StrCat("; did you mean \"", near, "\"?")));
}

// The second words of the commands that begin with `name`.
std::vector<std::string> VerbsOf(const std::string& name) {
  std::vector<std::string> verbs;
  for (const CommandDoc& command : Commands()) {
    if (command.name.starts_with(name + " ")) {
      verbs.emplace_back(command.name.substr(name.size() + 1));
    }
  }
  return verbs;
}

// Takes the command's words out of `args`. Null: only flags are there.
absl::StatusOr<const CommandDoc*> TakeCommand(std::vector<std::string>& args) {
  std::string name = TakeWord(args);
  if (name == "help") {
    args.emplace_back("--help");
    name = TakeWord(args);
  }
  if (name.empty()) return nullptr;
  const std::vector<std::string> verbs = VerbsOf(name);
  if (!verbs.empty()) {
    // "hosts label" is a command, and so is "hosts" with the name of a host.
    std::vector<std::string> rest = args;
    const std::string verb = TakeWord(rest);
    const CommandDoc* pair = FindCommand(absl::StrCat(name, " ", verb));
    if (pair != nullptr) {
      args = std::move(rest);
      return pair;
    }
    if (FindCommand(name) == nullptr) {
      if (!verb.empty()) return UnknownCommand(absl::StrCat(name, " ", verb));
      return absl::InvalidArgumentError(
          absl::StrCat(name, " needs one of ", absl::StrJoin(verbs, ", ")));
    }
  }
  const CommandDoc* command = FindCommand(name);
  if (command == nullptr) return UnknownCommand(name);
  return command;
}

bool IsSignedNumber(const std::string& arg) {
  return arg.size() > 1 && (arg[0] == '-' || arg[0] == '+') &&
         arg.find_first_not_of("0123456789", 1) == std::string::npos;
}

struct GivenFlag {
  const FlagDoc* flag;
  std::string value;
};

// A value in brackets may be left out. The next word is one only when it looks
// like a time format: who types "logs --timestamp web" means the app.
bool HasOptionalValue(const FlagDoc& flag) {
  return flag.value.starts_with('[');
}

void JoinOptionalValues(std::vector<std::string>& args) {
  for (size_t i = 0; i + 1 < args.size(); ++i) {
    if (args[i] != "--timestamp") continue;
    const std::string& next = args[i + 1];
    const bool format = next.find("YY") != next.npos ||
                        next.find("HH") != next.npos ||
                        next.find("mm") != next.npos;
    if (!format || next.starts_with('-')) continue;
    args[i] += "=" + next;
    args.erase(args.begin() + static_cast<ptrdiff_t>(i) + 1);
  }
}

// CLI11's words begin with the flag: "--name: 1 required TEXT missing".
absl::Status NoValue(const std::string& words) {
  const std::string name = words.substr(0, words.find(':'));
  for (const FlagDoc& flag : Flags()) {
    const auto names = NamesOf(flag);
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(name, " needs a value: ", ToAbsl(flag.value)));
  }
  return absl::InvalidArgumentError(words);
}

// CLI11 does the splitting; what flags mean is in the table.
absl::Status SplitFlags(const CommandDoc& command,
                        std::vector<std::string> args,
                        std::vector<GivenFlag>& given,
                        std::vector<std::string>& names) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::map<const FlagDoc*, std::string> optional;
  JoinOptionalValues(args);
  for (const FlagDoc& flag : Flags()) {
    if ((command.flags & flag.group) == 0) continue;
    const std::string flag_names(flag.names);
    if (HasOptionalValue(flag)) {
      app.add_flag(flag_names + "{" + kNoValue + "}", optional[&flag]);
      continue;
    }
    if (flag.value.empty()) {
      app.add_flag_function(flag_names, [&given, &flag](int64_t) {
        given.push_back({&flag, ""});
      });
      continue;
    }
    app.add_option_function<std::vector<std::string>>(
           flag_names,
           [&given, &flag](const std::vector<std::string>& values) {
             for (const std::string& v : values) given.push_back({&flag, v});
           })
        ->allow_extra_args(false);
  }
  try {
    std::reverse(args.begin(), args.end());
    app.parse(std::move(args));
  } catch (const CLI::ArgumentMismatch& error) {
    return NoValue(error.what());
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  for (const auto& [flag, value] : optional) {
    if (!value.empty()) {
      given.push_back({flag, value == kNoValue ? "" : value});
    }
  }
  names = app.remaining();
  return absl::OkStatus();
}

std::vector<std::string> FlagsOf(const CommandDoc& command) {
  std::vector<std::string> known;
  for (const FlagDoc& flag : Flags()) {
    if ((command.flags & flag.group) == 0) continue;
    const auto more = NamesOf(flag);
    known.insert(known.end(), more.begin(), more.end());
  }
  return known;
}

// What CLI11 left because no flag of the command has that name.
absl::Status CheckFlags(const CommandDoc& command,
                        const std::vector<std::string>& names) {
  const std::vector<std::string> known = FlagsOf(command);
  for (const std::string& name : names) {
    if (!name.starts_with('-') || name == "-" || IsSignedNumber(name)) continue;
    const std::string near = NearestName(name, known);
    return absl::InvalidArgumentError(absl::StrCat(
        "unknown flag ", name, " of fleetctl ", ToAbsl(command.name),
        near.empty() ? "" : absl::StrCat("; did you mean ", near, "?")));
  }
  return absl::OkStatus();
}

absl::Status CheckCount(const CommandDoc& command, size_t operands) {
  const int count = static_cast<int>(operands);
  const bool too_many =
      command.most_operands >= 0 && count > command.most_operands;
  if (count >= command.least_operands && !too_many) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "usage: fleetctl ", ToAbsl(command.name),
      command.operands.empty() ? "" : " ", ToAbsl(command.operands)));
}

absl::Status ApplyFlag(const GivenFlag& given, CommandLine& line) {
  const FlagDoc& flag = *given.flag;
  if (flag.set == nullptr) {
    const std::string_view text =
        flag.field_value.empty() ? given.value : flag.field_value;
    SetEntry(line.fields, flag.field, TextValue(text));
    return absl::OkStatus();
  }
  const absl::Status set = flag.set(line, given.value);
  return set.ok() ? set : Annotate(set, flag.names);
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(
    const std::vector<std::string>& args) {
  CommandLine line;
  const auto separator = std::find(args.begin(), args.end(), "--");
  std::vector<std::string> own(args.begin(), separator);
  ASSIGN_OR_RETURN(const CommandDoc* command, TakeCommand(own));
  if (command == nullptr) {
    const bool version =
        std::find_if(own.begin(), own.end(), [](const std::string& arg) {
          return arg == "-v" || arg == "-V" || arg == "--version";
        }) != own.end();
    line.command = version ? "version" : "";
    line.help = !version;
    line.man_page = std::find(own.begin(), own.end(), "--man") != own.end();
    line.page = std::find(own.begin(), own.end(), "--page") != own.end();
    return line;
  }
  line.command = std::string(command->name);
  // A question is answered at once unless it says --wait.
  line.wait = line.command != "rollout status";
  RETURN_IF_ERROR(TakePm2Flags(FlagsOf(*command),
                               (command->flags & kWaitFlags) != 0, own,
                               line.without_meaning));
  std::vector<GivenFlag> given;
  RETURN_IF_ERROR(SplitFlags(*command, std::move(own), given, line.names));
  RETURN_IF_ERROR(CheckFlags(*command, line.names));
  if (separator != args.end()) {
    // Only a program that is started has arguments of its own.
    const bool starts = (command->flags & kStartFlags) != 0;
    std::vector<std::string>& words = starts ? line.program_args : line.names;
    words.insert(words.end(), separator + 1, args.end());
  }
  for (const GivenFlag& flag : given) {
    RETURN_IF_ERROR(ApplyFlag(flag, line));
  }
  if (line.help) return line;
  RETURN_IF_ERROR(CheckCount(*command, line.names.size()));
  return line;
}

}  // namespace fleet::cli
