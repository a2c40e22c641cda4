#include "cli/controller_address.h"

#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace fleet::cli {

bool PathExists(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

std::string ProcessEnvironment(const std::string& name) {
  const char* value = getenv(name.c_str());
  return value == nullptr ? "" : value;
}

ControllerAddress FindController(const std::string& flag,
                                 const Environment& env,
                                 const FileExists& exists) {
  if (!flag.empty()) return {flag, false};
  const std::string variable = env("FLEET_CONTROLLER");
  if (!variable.empty()) return {variable, false};
  return {"unix:" + LocalSocketPath(env, exists), true};
}

std::string LocalStateFolder(const Environment& env) {
  const std::string state = env("XDG_STATE_HOME");
  // The specification: a relative path is invalid and is not looked at.
  if (state.starts_with('/')) return state + "/fleet";
  // "/" of a user without a folder, as in a container: "unix:" and two slashes
  // would begin another kind of address.
  std::string home = env("HOME");
  while (home.ends_with('/')) home.pop_back();
  return home + "/.local/state/fleet";
}

std::string LocalSocketPath(const Environment& env, const FileExists& exists) {
  const std::string runtime = env("XDG_RUNTIME_DIR");
  const std::string in_state = LocalStateFolder(env) + "/run/controller.sock";
  std::vector<std::string> paths;
  if (runtime.starts_with('/')) {
    paths.push_back(runtime + "/fleet/controller.sock");
  }
  paths.push_back(in_state);
  paths.push_back("/run/user/" + std::to_string(getuid()) +
                  "/fleet/controller.sock");
  for (const std::string& path : paths) {
    if (exists(path)) return path;
  }
  return paths[0];
}

}  // namespace fleet::cli
