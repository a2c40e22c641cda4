#include "node_agent/file_watch.h"

#include <dirent.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "node_agent/program_path.h"

namespace fleet::agent {
namespace {

constexpr uint32_t kWatchedEvents =
    IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
    IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr absl::Duration kLeastDelay = absl::Milliseconds(10);
constexpr int kLongestInDelays = 10;
// Where the kernel keeps the number that may have to be raised.
constexpr char kLimitName[] = "fs.inotify.max_user_watches";

bool IsFolder(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool IsLink(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
}

std::string WithoutEnd(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.ends_with("/.")) path.resize(std::max<size_t>(path.size() - 2, 1));
  return path;
}

// Also rotated ones, and one an instance.
void AddOwnFile(const std::string& path, std::vector<std::string>& globs) {
  if (path.empty() || path[0] != '/') return;
  std::string glob = absl::StrReplaceAll(path, {{"%i", "*"}});
  size_t name = glob.rfind('/') + 1;
  size_t dot = std::max(std::min(glob.rfind('.'), glob.size()), name);
  std::string of_instance =
      absl::StrCat(glob.substr(0, dot), "-*", glob.substr(dot));
  for (const std::string& own : {glob, of_instance}) {
    globs.push_back(own);
    globs.push_back(own + ".*");
  }
}

}  // namespace

FileWatchOptions WatchOptionsOf(const AppSpec& spec) {
  FileWatchOptions options;
  options.base = WithoutEnd(spec.cwd);
  options.delay = spec.watch.delay;
  for (const std::string& path : spec.watch.paths) {
    options.paths.push_back(WithoutEnd(JoinPath(options.base, path)));
  }
  options.ignore = spec.watch.ignore;
  if (options.ignore.empty()) options.ignore = {"node_modules", ".*"};
  AddOwnFile(spec.logs.out_file, options.ignore);
  AddOwnFile(spec.logs.error_file, options.ignore);
  AddOwnFile(spec.logs.log_file, options.ignore);
  AddOwnFile(spec.pid_file, options.ignore);
  return options;
}

FileWatch::FileWatch(EventLoop& loop, FileWatchOptions options, Changed changed)
    : loop_(loop),
      options_(std::move(options)),
      filter_(options_.base, options_.ignore),
      changed_(std::move(changed)),
      inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (!inotify_.valid()) {
    problem_ =
        absl::StrCat("watch: no inotify instance: ", std::strerror(errno),
                     "; raise fs.inotify.max_user_instances");
    return;
  }
  loop_.AddFd(inotify_.get(), EPOLLIN, [this](uint32_t) { Read(); });
  Scan();
}

FileWatch::~FileWatch() {
  loop_.CancelTimer(timer_);
  if (inotify_.valid()) loop_.RemoveFd(inotify_.get());
}

// Adding what is watched already gives the same descriptor again.
void FileWatch::Scan() {
  entries_ = found_ = 0;
  ++scan_;
  problem_.clear();
  for (const std::string& path : options_.paths) AddRoot(path);
  // What a link led to before.
  for (auto it = folders_.begin(); it != folders_.end();) {
    bool stays = it->second.scan == scan_;
    if (!stays) inotify_rm_watch(inotify_.get(), it->first);
    it = stays ? std::next(it) : folders_.erase(it);
  }
}

void FileWatch::AddRoot(const std::string& path) {
  bool folder = IsFolder(path);
  if (folder) AddTree(path, path);
  if (!folder || IsLink(path)) AddName(path);
}

// Of the folder that holds it: also for what is not there yet.
void FileWatch::AddName(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return;
  Folder* parent = AddFolder(slash == 0 ? "/" : path.substr(0, slash));
  if (parent == nullptr) return;
  std::string name = path.substr(slash + 1);
  if (std::find(parent->names.begin(), parent->names.end(), name) ==
      parent->names.end()) {
    parent->names.push_back(std::move(name));
  }
}

FileWatch::Folder* FileWatch::AddFolder(const std::string& path) {
  if (found_ >= kMaxFolders) {
    problem_ = absl::StrCat("watch: more than ", kMaxFolders,
                            " folders, the rest is not watched; name fewer "
                            "paths, or more in ignore_watch");
    return nullptr;
  }
  int watch = inotify_add_watch(inotify_.get(), path.c_str(), kWatchedEvents);
  if (watch < 0) {
    if (errno == ENOSPC) {
      problem_ = absl::StrCat(
          "watch: the kernel watches no more folders; "
          "raise ",
          kLimitName);
    }
    return nullptr;  // Gone, or not ours to read: as if it were not there.
  }
  Folder& folder = folders_[watch];
  if (folder.scan != scan_) {
    folder = Folder{path, "", false, {}, scan_};
    ++found_;
  }
  return &folder;
}

void FileWatch::AddTree(const std::string& path, const std::string& root) {
  std::vector<std::string> open = {path};
  while (!open.empty()) {
    std::string at = std::move(open.back());
    open.pop_back();
    Folder* folder = AddFolder(at);
    if (folder == nullptr) continue;
    folder->all = true;
    folder->root = root;
    std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(at.c_str()), closedir);
    while (const dirent* entry =
               dir == nullptr ? nullptr : readdir(dir.get())) {
      if (++entries_ > kMaxEntries) {
        problem_ = absl::StrCat("watch: more than ", kMaxEntries,
                                " files, not all folders are watched; name "
                                "fewer paths, or more in ignore_watch");
        return;
      }
      // Links are not followed: they may lead round in circles.
      if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN) continue;
      std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      std::string below = absl::StrCat(at, "/", name);
      if (!filter_.Ignores(below, root)) open.push_back(std::move(below));
    }
  }
}

void FileWatch::Read() {
  alignas(inotify_event) std::array<char, 16384> bytes;
  for (;;) {
    ssize_t n = read(inotify_.get(), bytes.data(), bytes.size());
    if (n <= 0) return;
    for (ssize_t at = 0; at < n;) {
      inotify_event event;
      std::memcpy(&event, bytes.data() + at, sizeof event);
      const char* name = bytes.data() + at + sizeof event;
      OnEvent(event.wd, event.mask,
              event.len == 0 ? std::string() : std::string(name));
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

void FileWatch::OnEvent(int watch, uint32_t mask, const std::string& name) {
  if ((mask & IN_Q_OVERFLOW) != 0) return Note("more than can be told");
  auto found = folders_.find(watch);
  if (found == folders_.end()) return;
  if ((mask & IN_IGNORED) != 0) {
    folders_.erase(found);
    return;
  }
  const Folder folder = found->second;
  if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
    // Of a folder within, its parent tells.
    if (folder.path == folder.root) Note(folder.path);
    if ((mask & IN_MOVE_SELF) != 0) inotify_rm_watch(inotify_.get(), watch);
    return;
  }
  std::string path =
      absl::StrCat(folder.path == "/" ? "" : folder.path, "/", name);
  bool named = std::find(folder.names.begin(), folder.names.end(), name) !=
               folder.names.end();
  bool counts = named || (folder.all && !filter_.Ignores(path, folder.root));
  if (!counts) return;
  bool fresh_folder = (mask & IN_ISDIR) != 0 &&
                      (mask & (IN_CREATE | IN_MOVED_TO)) != 0 && folder.all;
  if (fresh_folder) AddTree(path, folder.root);
  Note(path);
}

void FileWatch::Note(const std::string& path) {
  absl::Time now = loop_.clock().Now();
  absl::Duration delay = std::max(options_.delay, kLeastDelay);
  if (changes_++ == 0) {
    std::string base = options_.base + "/";
    first_path_ =
        absl::StartsWith(path, base) ? path.substr(base.size()) : path;
    fire_by_ = now + delay * kLongestInDelays;
  }
  loop_.CancelTimer(timer_);
  timer_ = loop_.AddTimer(std::min(now + delay, fire_by_), [this] { Fire(); });
}

void FileWatch::Fire() {
  timer_ = 0;
  int others = std::exchange(changes_, 0) - 1;
  Scan();
  changed_(std::exchange(first_path_, ""), others);
}

}  // namespace fleet::agent
