// A folder that is gone with everything in it at the end of a test.
#ifndef FLEET_TESTS_RPC_TEMP_FOLDER_H_
#define FLEET_TESTS_RPC_TEMP_FOLDER_H_

#include <cstdlib>
#include <filesystem>
#include <string>

namespace fleet {

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = "/tmp/fleet-test-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace fleet

#endif  // FLEET_TESTS_RPC_TEMP_FOLDER_H_
