// Files of variables: systemd's EnvironmentFile, dotenv.
#ifndef FLEET_NODE_AGENT_ENV_FILE_H_
#define FLEET_NODE_AGENT_ENV_FILE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fleet::agent {

using EnvFileVariables = std::map<std::string, std::string>;

inline constexpr size_t kMaxEnvFileBytes = 256 << 10;

// Lines of NAME=value, also after `export `; empty ones and those that begin
// with # or ; count for nothing. A value in '…' stands as it is; in "…", \n,
// \t,
// \", \\, \$ and \` are replaced, and it may go on over several lines; else it
// ends before " #" and its outer blanks. Nothing is expanded. INVALID_ARGUMENT
// names the line. Pure.
absl::StatusOr<EnvFileVariables> ParseEnvFile(std::string_view text);

// The files of a spec in their order, later ones over earlier ones. A relative
// path is below `cwd`; one that begins with "-" may be missing. The error names
// the file and what is wrong. Reads local files.
absl::StatusOr<EnvFileVariables> ReadEnvFiles(
    const std::vector<std::string>& paths, const std::string& cwd);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_ENV_FILE_H_
