// Every command and flag: parsing, --help and completion come from here.
#ifndef FLEET_CLI_COMMAND_TABLE_H_
#define FLEET_CLI_COMMAND_TABLE_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "cli/command_line.h"

namespace fleet::cli {

// Sets of flags that commands have in common; a command has a sum of them.
enum FlagGroup : unsigned {
  kGlobalFlags = 1 << 0,
  kOutputFlags = 1 << 1,
  kHostFlags = 1 << 2,
  kWaitFlags = 1 << 3,
  kPolicyFlags = 1 << 4,
  kDryRunFlags = 1 << 5,
  kFileFlags = 1 << 6,
  kSpecFlags = 1 << 7,
  kLogFlags = 1 << 8,
  kReasonFlags = 1 << 9,
  kRolloutListFlags = 1 << 10,
  kRequestFlags = 1 << 11,
  kEtagFlags = 1 << 18,
  kResumeFlags = 1 << 19,
  kReplyFlags = 1 << 12,
  kGrantFlags = 1 << 13,
  kUserFlags = 1 << 14,
  kRevokeFlags = 1 << 15,
  kConfirmFlags = 1 << 20,
  kPruneFlags = 1 << 21,
  kDiffFlags = 1 << 22,
  kReferenceFlags = 1 << 23,
  kSortFlags = 1 << 24,
  kStartFlags = 1 << 25,
  kLoginFlags = 1 << 26,
  kTokenFlags = 1 << 27,
  kEndedFlags = 1 << 28,
  kAuditFlags = 1 << 29,
  kRevisionFlags = 1 << 30,
  kPromoteFlags = 1u << 31,
};

struct FlagDoc {
  // "-o,--output"; short ones first.
  std::string_view names;
  // What stands for the value in help, e.g. "N|P%"; empty: a switch.
  std::string_view value;
  FlagGroup group;
  std::string_view help;
  // The value is empty for a switch. INVALID_ARGUMENT says what is expected.
  absl::Status (*set)(CommandLine& line, const std::string& value);
  // Instead of `set`: the field of the spec that it sets, and with which text
  // (empty: the flag's value).
  std::string_view field = "";
  std::string_view field_value = "";
};

// What a command's names are, for completion.
enum class Operand {
  kNone,
  kApps,
  kFields,
  kFiles,
  kHosts,
  kRollouts,
  kShells,
  kUnits
};

struct CommandDoc {
  // Two words for those of `rollout`.
  std::string_view name;
  // With blanks between.
  std::string_view aliases;
  // "APP…".
  std::string_view operands;
  int least_operands;
  // -1: any number.
  int most_operands;
  Operand operand;
  unsigned flags;
  std::string_view summary;
  // More to know, in whole sentences; may be empty.
  std::string_view description;
  // Lines "command    # what it does".
  std::string_view examples;
};

std::span<const CommandDoc> Commands();
std::span<const FlagDoc> Flags();

// By name or alias, or null.
const CommandDoc* FindCommand(std::string_view name);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMAND_TABLE_H_
