// A folder that lives as long as a test.
#ifndef FLEET_TESTS_CONTROLLER_TEMP_FOLDER_H_
#define FLEET_TESTS_CONTROLLER_TEMP_FOLDER_H_

#include <cstdlib>
#include <filesystem>
#include <string>

#include "proto/rpc/status.h"

namespace fleet::controller {

class TempFolder {
 public:
  TempFolder() { FLEET_CHECK(mkdtemp(path_.data()) != nullptr); }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_ = "/tmp/fleet-controller-test-XXXXXX";
};

}  // namespace fleet::controller

#endif  // FLEET_TESTS_CONTROLLER_TEMP_FOLDER_H_
