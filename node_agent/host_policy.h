// What this host lets apps do, whatever its controller says.
#ifndef FLEET_NODE_AGENT_HOST_POLICY_H_
#define FLEET_NODE_AGENT_HOST_POLICY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node_agent/worker_user.h"
#include "proto/rpc/app_spec.h"

namespace fleet::agent {

// Read from a file that the host's own administrator writes (--policy,
// docs/access.md). A setting that is left out allows everything of its kind.
// Asked twice: before the agent accepts a target, and before each process that
// is started for one, since users and symbolic links may have changed by then.
//
// It decides where programs come from and as whom they run. What a program
// that is allowed makes of its arguments and its environment is not its matter:
// an interpreter among `programs` can be told to run a text.
//
// Immutable; looks at the file system and the user database at each call. Loop
// thread only.
class HostPolicy {
 public:
  // At most 1,000 entries of a kind. INVALID_ARGUMENT, or as ReadSettingsFile;
  // every message names the file.
  static absl::StatusOr<HostPolicy> Read(const std::string& path);

  // PERMISSION_DENIED says what of the spec is not allowed, and what is. Users
  // and programs that are not there are no matter of the policy: starting them
  // fails by itself. `hooks`: commands of the rollout's go with it.
  absl::Status CheckSpec(const AppSpec& spec, bool hooks) const;

  // Of a process that is about to be started for the spec; all paths absolute.
  struct Launch {
    std::string executable;
    std::string script;  // Empty: `executable` is all.
    std::string cwd;
  };
  absl::Status CheckLaunch(const AppSpec& spec, const WorkerUser& user,
                           const Launch& launch) const;

  // "users www, app-*; directories /srv", for a person.
  std::string Describe() const;

 private:
  absl::Status CheckUser(const AppSpec& spec, const WorkerUser& user) const;
  absl::Status CheckRights(const AppSpec& spec, const WorkerUser& user) const;
  absl::Status CheckFiles(const AppSpec& spec) const;
  absl::Status CheckProgram(const std::string& what,
                            const std::string& path) const;
  absl::Status CheckPath(const std::string& what,
                         const std::string& path) const;
  absl::Status Denied(const std::string& what) const;

  std::string path_;
  std::optional<std::vector<std::string>> users_;   // Globs of names.
  std::optional<std::vector<std::string>> groups_;  // Likewise.
  std::optional<std::vector<std::string>> directories_;
  std::vector<std::string> programs_;
  std::optional<uint64_t> capabilities_;  // By their numbers.
  std::vector<std::string> capability_names_;
  bool no_new_privileges_ = false;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_HOST_POLICY_H_
