#include "cli/controller_address.h"

#include <stdlib.h>

namespace fleet::cli {

std::string ProcessEnvironment(const std::string& name) {
  const char* value = getenv(name.c_str());
  return value == nullptr ? "" : value;
}

ControllerAddress FindController(const std::string& flag,
                                 const Environment& env) {
  if (!flag.empty()) return {flag, false};
  const std::string variable = env("FLEET_CONTROLLER");
  if (!variable.empty()) return {variable, false};
  return {"unix:" + LocalSocketPath(env), true};
}

std::string LocalStateFolder(const Environment& env) {
  const std::string state = env("XDG_STATE_HOME");
  // The specification: a relative path is invalid and is not looked at.
  if (state.starts_with('/')) return state + "/fleet";
  return env("HOME") + "/.local/state/fleet";
}

std::string LocalSocketPath(const Environment& env) {
  const std::string runtime = env("XDG_RUNTIME_DIR");
  if (runtime.starts_with('/')) return runtime + "/fleet/controller.sock";
  return LocalStateFolder(env) + "/run/controller.sock";
}

}  // namespace fleet::cli
