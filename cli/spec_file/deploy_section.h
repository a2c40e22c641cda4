// PM2's `deploy`, which stands beside `apps`: what each host does before it
// runs a new version.
#ifndef FLEET_CLI_SPEC_FILE_DEPLOY_SECTION_H_
#define FLEET_CLI_SPEC_FILE_DEPLOY_SECTION_H_

#include <map>
#include <string>
#include <vector>

#include "cli/spec_file/value.h"

namespace fleet::cli {

// A plain value.
struct Deployment {
  // For the shell, in the folder of the app: pre-deploy, git for `ref` and
  // `repo`, post-deploy without its calls of pm2. Empty: nothing is to be done.
  std::string command;
  // Variables that those of `env` go over.
  std::map<std::string, std::string> env;
  // What has no effect here, for the user; without the place in the file.
  std::vector<std::string> notes;
};

// The part of `deploy` that --env names; without --env nothing is to be done,
// and a note says so.
Deployment ReadDeployment(const Value& deploy, const std::string& env_name);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_DEPLOY_SECTION_H_
