#include "node_agent/agent_options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <regex>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/address.h"
#include "proto/rpc/status.h"
#include "proto/rpc/whole_file.h"

namespace fleet::agent {
namespace {

constexpr char kHostName[] = "--host-name";
constexpr char kSystemStateDir[] = "/var/lib/fleet/agent";
// Used when it is there, so that nobody believes in a file that is not read.
constexpr char kSystemPolicy[] = "/etc/fleet/policy.yaml";

std::string DefaultStateDir() {
  if (geteuid() == 0) return kSystemStateDir;
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') {
    return absl::StrCat(state, "/fleet/agent");
  }
  const char* home = std::getenv("HOME");
  return home == nullptr ? kSystemStateDir
                         : absl::StrCat(home, "/.local/state/fleet/agent");
}

absl::Status ParseLabels(const std::vector<std::string>& texts,
                         std::map<std::string, std::string>& labels) {
  static const std::regex kLabel(
      "([A-Za-z0-9][A-Za-z0-9._/-]{0,62})=([A-Za-z0-9._-]{0,63})");
  for (const std::string& text : texts) {
    std::smatch match;
    if (!std::regex_match(text, match, kLabel)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--label ", text, ": must be KEY=VALUE of letters, digits, '.', '_' ",
          "and '-', e.g. --label role=web"));
    }
    labels[match[1]] = match[2];
  }
  return absl::OkStatus();
}

absl::Status Check(const AgentOptions& options) {
  static const std::regex kName("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
  if (!std::regex_match(options.host_name, kName)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--host-name ", options.host_name,
                     ": must be 1 to 63 letters, digits, '.', '_' and '-'"));
  }
  if (!options.controller.empty()) {
    absl::Status parsed = ParseAddress(options.controller).status();
    if (!parsed.ok()) return Annotate(parsed, "--controller");
  }
  return absl::OkStatus();
}

// What an option says that is not yet what the agent goes by.
struct RawOptions {
  std::vector<std::string> labels;
  std::string token_file;
};

void AddOptions(CLI::App& app, AgentOptions& options, RawOptions& raw) {
  app.add_option("--state-dir", options.state_dir,
                 "Folder for what must outlive a restart (of root's agent "
                 "/var/lib/fleet/agent, else ~/.local/state/fleet/agent)");
  app.add_option("--controller", options.controller,
                 "unix:///PATH or HOST:PORT; without it the host runs what it "
                 "ran before");
  app.add_option(kHostName, options.host_name,
                 "Name of this host, unique in the fleet (the one in its "
                 "certificate, or the machine's)");
  app.add_option("--join", options.join_token,
                 "Join token (fleetctl token create --join HOST); used on the "
                 "first start, ignored once the host has joined. Better in the "
                 "variable or a file: others see a command line")
      ->envname("FLEET_JOIN_TOKEN");
  app.add_option("--join-file", raw.token_file,
                 "File that holds the join token; need not be there later");
  app.add_option("--bind-address", options.bind_address,
                 "The one address at which apps listen that would listen "
                 "everywhere");
  app.add_option("--label", raw.labels,
                 "KEY=VALUE for host selectors; repeatable")
      ->allow_extra_args(false);
  app.add_option("--policy", options.policy,
                 "File that says as which users, from which directories and "
                 "with which capabilities apps may run here, whatever the "
                 "controller wants (docs/access.md); /etc/fleet/policy.yaml if "
                 "it is there")
      ->envname("FLEET_POLICY");
  app.add_flag("--insecure", options.insecure,
               "Talk to the controller without encryption, on loopback only");
  app.add_flag("--check", options.check,
               "Only say whether it would start with these arguments: exit "
               "code 0. An upgrade asks the new program before it replaces the "
               "old one");
  app.add_option("--log-level", options.log_level,
                 "trace, debug, info, warn, error or off")
      ->capture_default_str();
}

// The file may be gone: who is careful removes it once it is used up.
absl::Status ReadJoinToken(const std::string& file, std::string& token) {
  absl::StatusOr<std::string> text = ReadWholeFile(file);
  if (absl::IsNotFound(text.status())) return absl::OkStatus();
  RETURN_IF_ERROR(text.status());
  token = std::string(absl::StripAsciiWhitespace(*text));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<AgentOptions>> ParseAgentOptions(
    int argc, const char* const* argv, const std::string& default_host_name) {
  AgentOptions options;
  options.state_dir = DefaultStateDir();
  options.host_name = default_host_name;
  RawOptions raw;
  CLI::App app(
      "Runs what the controller wants on this host. Started by "
      "fleet-keeper.",
      "fleet-agent");
  app.set_version_flag("--version", FLEET_VERSION);
  AddOptions(app, options, raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& answered) {
    app.exit(answered, std::cout, std::cerr);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  options.host_name_given = app.count(kHostName) > 0;
  if (options.policy.empty() && access(kSystemPolicy, F_OK) == 0) {
    options.policy = kSystemPolicy;
  }
  if (options.join_token.empty() && !raw.token_file.empty()) {
    RETURN_IF_ERROR(ReadJoinToken(raw.token_file, options.join_token));
  }
  RETURN_IF_ERROR(ParseLabels(raw.labels, options.labels));
  RETURN_IF_ERROR(Check(options));
  return options;
}

}  // namespace fleet::agent
