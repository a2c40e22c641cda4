// The user and group a worker runs as.
#ifndef FLEET_NODE_AGENT_WORKER_USER_H_
#define FLEET_NODE_AGENT_WORKER_USER_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fleet::agent {

struct WorkerUser {
  // False: it is the agent's own, nothing is changed.
  bool set_ids = false;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  std::string name;  // Empty: the user database does not know the id.
  std::string home;
  std::string shell;
};

// `user` and `group` are names or numbers; empty: the agent's own. NOT_FOUND
// names what does not exist; PERMISSION_DENIED when the agent is not root and
// would have to become another. Reads the user database: may block for as long
// as that does. Any thread.
absl::StatusOr<WorkerUser> ResolveWorkerUser(const std::string& user,
                                             const std::string& group);

// The permission bits let `user` read the file at the absolute `path`.
bool MayRead(const WorkerUser& user, const std::string& path);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_WORKER_USER_H_
