// A folder that is gone after the test.
#ifndef FLEET_TESTS_CLI_SPEC_FILE_TEMP_FOLDER_H_
#define FLEET_TESTS_CLI_SPEC_FILE_TEMP_FOLDER_H_

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "proto/rpc/status.h"

namespace fleet::cli {

class TempFolder {
 public:
  TempFolder() : path_("/tmp/fleet-cli-XXXXXX") {
    FLEET_CHECK(mkdtemp(path_.data()) != nullptr);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  // Returns the path.
  std::string Write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file.string();
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace fleet::cli

#endif  // FLEET_TESTS_CLI_SPEC_FILE_TEMP_FOLDER_H_
