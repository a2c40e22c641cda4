// The files that a log file becomes when it is rotated: PATH.1 is the newest,
// PATH.1.zst the same compressed.
#ifndef FLEET_NODE_AGENT_LOG_ROTATION_H_
#define FLEET_NODE_AGENT_LOG_ROTATION_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "node_agent/log_times.h"

namespace fleet::agent {

struct RotatedLog {
  std::string path;
  int number = 0;
  bool compressed = false;
};

// PATH.3, or PATH.3.zst.
std::string RotatedPath(const std::string& path, int number, bool compressed);

// Those of `path`, the newest first. Numbers may be missing, but not
// kMostMissing in a row. Of a number that is there in both forms, which a kill
// may leave, only the compressed one, since that is complete. Any thread.
inline constexpr int kMostMissing = 16;
std::vector<RotatedLog> RotatedLogs(const std::string& path);

// Where the compressed form of one of them is being written.
std::string PartPath(const std::string& path);

// The number of the plain one that is this file; 0: none is.
int NumberOf(const std::string& path, LogFileId id);

// Plain files beside which the compressed one is complete: a kill has left
// them.
void RemoveLeftOver(const std::string& path, const std::string& times_folder);

struct RemovedLogs {
  int files = 0;
  int64_t bytes = 0;
};

// How a log file is put aside. A kill in between leaves a gap in the numbers,
// which the next time fills, and loses nothing. Marks of removed files go with
// them. Loop thread only.
class LogRotation {
 public:
  // `times_folder` as LogTimes has it.
  LogRotation(std::string path, std::string times_folder)
      : path_(std::move(path)), times_folder_(std::move(times_folder)) {}

  // PATH becomes PATH.1, and so on; what is beyond `max_files` is removed.
  // False, with errno: PATH is where it was.
  bool Rotate(int max_files) const;
  // All rotated ones, and one that is being written.
  RemovedLogs RemoveAll() const;
  // Removes one file and its marks; the bytes it had, -1: there was none.
  static int64_t Remove(const std::string& path,
                        const std::string& times_folder);

 private:
  const std::string path_;
  const std::string times_folder_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_ROTATION_H_
