// A file system of a few hundred KiB, to be filled up.
#ifndef FLEET_TESTS_NODE_AGENT_SMALL_DISK_H_
#define FLEET_TESTS_NODE_AGENT_SMALL_DISK_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace fleet::agent {

// Needs root; made() says whether it is there. Not thread-safe.
class SmallDisk {
 public:
  explicit SmallDisk(int64_t bytes) {
    std::string pattern = testing::TempDir() + "/disk-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    const std::string size = "size=" + std::to_string(bytes);
    made_ = mount("disk", dir_.c_str(), "tmpfs", 0, size.c_str()) == 0;
  }
  ~SmallDisk() {
    if (made_) umount2(dir_.c_str(), MNT_DETACH);
    std::filesystem::remove_all(dir_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool made() const { return made_; }
  const std::string& dir() const { return dir_; }

  // To the last byte; what it is filled with goes again with Empty.
  void Fill() {
    int fd = open(filler().c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    for (size_t block = 1 << 16; block > 0; block /= 2) {
      std::string zeros(block, '\0');
      while (write(fd, zeros.data(), zeros.size()) > 0) {
      }
    }
    close(fd);
  }
  void Empty() { unlink(filler().c_str()); }

 private:
  std::string filler() const { return dir_ + "/filler"; }

  std::string dir_;
  bool made_ = false;
};

}  // namespace fleet::agent

#endif  // FLEET_TESTS_NODE_AGENT_SMALL_DISK_H_
