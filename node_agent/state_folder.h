// The agent's folder on disk.
#ifndef FLEET_NODE_AGENT_STATE_FOLDER_H_
#define FLEET_NODE_AGENT_STATE_FOLDER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {

// Holds FOLDER/agent.lock until it is destroyed or the process ends, so that
// two agents never share a folder, and a name of the kernel's for host_uid(),
// so that none runs from a copy of it: to the controller they would be one
// host, and each would replace the other without end. Immutable once open.
class StateFolder {
 public:
  // Makes the folder if there is none. It can be passed through by workers of
  // every user (mode 0711), what is in it is for its owner only, but for
  // runtime_folder(). ALREADY_EXISTS names the pid of the agent that has it, or
  // runs from a copy (in this network namespace).
  static absl::StatusOr<StateFolder> Open(const std::string& path);

  const std::string& path() const { return path_; }
  std::string journal_path() const { return path_ + "/desired.journal"; }
  std::string log_folder() const { return path_ + "/logs"; }
  // What workers need to reach: sockets, scripts.
  std::string runtime_folder() const { return path_ + "/run"; }
  // Random, made with the folder; tells this host from another of its name.
  const std::string& host_uid() const { return host_uid_; }
  // Where this host's worker ids begin: 31 bits of host_uid above 32 bits that
  // count. Several agents on one machine tell their workers apart by the id
  // alone, which is all that a stray process carries in its environment.
  uint64_t first_worker_id() const;
  // ALREADY_EXISTS: workers of this host_uid run for an agent that lives and
  // has another folder, so that this one is a copy. What Open cannot see: that
  // agent has another network namespace. Reads all of /proc.
  absl::Status CheckIsNoCopy() const;

 private:
  StateFolder(std::string path, UniqueFd lock, UniqueFd name,
              std::string host_uid)
      : path_(std::move(path)),
        lock_(std::move(lock)),
        name_(std::move(name)),
        host_uid_(std::move(host_uid)) {}

  std::string path_;
  UniqueFd lock_;
  UniqueFd name_;
  std::string host_uid_;
};

// 128 random bits in hexadecimal.
std::string RandomId();

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_STATE_FOLDER_H_
