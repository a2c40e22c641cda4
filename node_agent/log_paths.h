// Where the files of an app's streams are.
#ifndef FLEET_NODE_AGENT_LOG_PATHS_H_
#define FLEET_NODE_AGENT_LOG_PATHS_H_

#include <string>
#include <vector>

#include "node_agent/log_origin.h"
#include "node_agent/log_selection.h"
#include "proto/rpc/app_spec.h"

namespace fleet::agent {

// A file of the layout below, and what it holds.
struct LogPlace {
  std::string path;  // Links followed.
  LogOrigin origin;  // Slot LogSelection::kAnySlot: of all instances.
};

// LOG_DIR/APP/SLOT-out.log and SLOT-err.log, or out.log and err.log when
// instances share them, and for what is no instance's (hooks). For a file with
// a path of its own there is a symbolic link to it, so that it is found again
// without the spec. A file of both outputs is SLOT-all.log or all.log, if it is
// there and not elsewhere; readers do not need it. LOG_DIR/.times has the marks
// (LogTimes).
//
// Immutable; loop thread only, as it touches files.
class LogPaths {
 public:
  explicit LogPaths(std::string log_dir) : log_dir_(std::move(log_dir)) {}

  std::string times_folder() const { return log_dir_ + "/.times"; }
  // The files for a stream, the one that readers look for first, with its
  // link, where it needs one, made; one path, or two with the policy's
  // log_file.
  std::vector<std::string> Resolve(const LogOrigin& origin,
                                   const LogPolicy& policy) const;
  // All that the selection wants; each file once.
  std::vector<LogPlace> Find(const LogSelection& selection) const;

 private:
  std::string log_dir_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_PATHS_H_
