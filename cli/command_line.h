// What the user typed, understood.
#ifndef FLEET_CLI_COMMAND_LINE_H_
#define FLEET_CLI_COMMAND_LINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/spec_file/value.h"
#include "proto/rpc/app_spec.h"

namespace fleet::cli {

enum class OutputFormat { kTable, kWide, kJson, kYaml, kName };

// A plain value. Flags a command does not have keep their defaults.
struct CommandLine {
  // As in the command table: "ls", "rollout status".
  std::string command;
  std::vector<std::string> names;
  // Of start: what stands after "--". Of other commands that is in `names`.
  std::vector<std::string> program_args;

  std::string controller;
  bool insecure = false;
  bool no_color = false;
  bool help = false;
  // `help --man`.
  bool man_page = false;
  OutputFormat output = OutputFormat::kTable;

  std::string hosts;
  bool wait = true;
  absl::Duration timeout = absl::InfiniteDuration();
  bool dry_run = false;
  RolloutPolicySpec policy;
  bool supersede = false;
  std::string request_id;
  std::string reason;
  bool active = false;
  // Of ls: "cpu:desc".
  std::string sort;
  // Of start: follow the logs afterwards.
  bool attach = false;
  // Flags of PM2's that have no meaning here, for a note.
  std::vector<std::string> without_meaning;
  // Of rollback; 0: the newest one that was well before.
  int64_t to_revision = 0;
  // Of orders to a rollout: it must still be as it was. Empty: whatever it is.
  std::string etag;
  // Of rollout watch: events after this one.
  int64_t from_seq = 0;
  // Of rollout promote: do not wait for the bake time.
  bool now = false;

  bool follow = false;
  std::optional<int> lines;
  bool only_err = false;
  bool only_out = false;
  bool raw = false;
  bool log_json = false;
  std::string since;
  std::string until;
  std::string grep;
  bool invert = false;
  bool ignore_case = false;
  // Empty: PM2's own.
  std::optional<std::string> timestamp;
  std::string highlight;

  std::string env_name;
  std::vector<std::string> only;
  bool prune = false;
  bool yes = false;
  // Of diff: 1 when there is a difference.
  bool exit_code = false;
  // Of explain and help: the page of the documentation.
  bool page = false;
  std::vector<std::string> import_env;

  // Access: which fleet, and what a token is for.
  std::string context;
  std::string token;
  std::string token_file;
  std::string oidc_token_file;
  std::string issued_id;
  std::string certificate_file;
  std::string key_file;
  std::string authority_file;
  std::string authority_pin;
  // Of user cert.
  std::string request_file;
  std::string role;
  std::vector<std::string> apps;
  std::string join_host;
  std::vector<std::string> labels;
  absl::Duration ttl;
  bool include_ended = false;
  // audit.
  absl::Time audit_since = absl::InfinitePast();
  std::string actor;
  bool verify = false;
  int records = 50;

  // Fields of a spec from flags, a map.
  Value fields = MapValue();
};

// Understands `args`, without the program's name. INVALID_ARGUMENT is for the
// user, one line; its exit code is 2.
absl::StatusOr<CommandLine> ParseCommandLine(
    const std::vector<std::string>& args);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMAND_LINE_H_
