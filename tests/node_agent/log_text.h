// What is in log files.
#ifndef FLEET_TESTS_NODE_AGENT_LOG_TEXT_H_
#define FLEET_TESTS_NODE_AGENT_LOG_TEXT_H_

#include <fstream>
#include <iterator>
#include <string>

namespace fleet::agent {

inline std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The file with its rotated predecessors, in the order of writing.
inline std::string ReadRotated(const std::string& path, int files) {
  std::string text;
  for (int i = files; i >= 1; --i) {
    text += ReadAll(path + "." + std::to_string(i));
  }
  return text + ReadAll(path);
}

}  // namespace fleet::agent

#endif  // FLEET_TESTS_NODE_AGENT_LOG_TEXT_H_
