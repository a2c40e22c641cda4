// Notices that files have changed.
#ifndef FLEET_NODE_AGENT_FILE_WATCH_H_
#define FLEET_NODE_AGENT_FILE_WATCH_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/path_filter.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

struct FileWatchOptions {
  // Absolute. A path that is a link is also watched for where it leads, so that
  // a `current` link may be switched.
  std::vector<std::string> paths;
  std::string base;  // What relative globs are relative to.
  std::vector<std::string> ignore;
  absl::Duration delay;
};

// Of `watch`. What the app itself makes us write (log files, pid file) is
// ignored.
FileWatchOptions WatchOptionsOf(const AppSpec& spec);

// inotify(7) over files and folders with all below them. Calls back once no
// further change has come for `delay`, at the latest ten times that after the
// first one. Then it looks anew at what there is: a path that was removed may
// have come back.
//
// At most kMaxFolders folders (each costs the kernel about 1 KiB) and
// kMaxEntries names looked at; beyond that nothing more is watched, and
// problem() says so. Loop thread only.
class FileWatch {
 public:
  static constexpr size_t kMaxFolders = 4096;
  static constexpr size_t kMaxEntries = 200'000;
  // `path` is the first that changed, as written below its watched path;
  // `others` counts further changes.
  using Changed = std::function<void(const std::string& path, int others)>;

  FileWatch(EventLoop& loop, FileWatchOptions options, Changed changed);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Why not all is watched; empty: it is.
  const std::string& problem() const { return problem_; }
  size_t folders() const { return folders_.size(); }

 private:
  // Of a watched folder, the names that count.
  struct Folder {
    std::string path;
    std::string root;  // The watched path that it is part of.
    bool all = false;  // Every name; else only these:
    std::vector<std::string> names;
    int scan = 0;  // The last one that found it.
  };

  void Scan();
  void AddRoot(const std::string& path);
  void AddTree(const std::string& path, const std::string& root);
  void AddName(const std::string& path);
  Folder* AddFolder(const std::string& path);
  void Read();
  void OnEvent(int watch, uint32_t mask, const std::string& name);
  void Note(const std::string& path);
  void Fire();

  EventLoop& loop_;
  const FileWatchOptions options_;
  const PathFilter filter_;
  Changed changed_;
  UniqueFd inotify_;
  std::unordered_map<int, Folder> folders_;  // By watch descriptor.
  int scan_ = 0;
  size_t entries_ = 0;  // In this scan, as the next.
  size_t found_ = 0;
  std::string problem_;
  std::string first_path_;
  int changes_ = 0;
  absl::Time fire_by_;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_FILE_WATCH_H_
