#include "tests/cli/command_scene.h"

#include <sstream>

#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"
#include "tests/cli/proto_text.h"

namespace fleet::cli {
namespace {

constexpr char kReady[] = R"pb(
  name: "web"
  id: 3
  namespace: "default"
  spec { name: "web" }
  hosts {
    host: "host-1"
    connected: true
    target_serial: 2
    status {
      serial: 2
      run_state: RUN_STATE_RUNNING
      desired_instances: 1
      instances { slot: 0 pid: 5 state: INSTANCE_STATE_ONLINE ready: true }
    }
  }
)pb";

}  // namespace

CommandScene::CommandScene() {
  *fake_.apps.add_apps() = FromText<v1::App>(kReady);
  fake_.rollout = FromText<v1::Rollout>("uid: 'r-1' app: 'web'");
}

Ran CommandScene::Run(const std::vector<std::string>& args) {
  const auto line = ParseCommandLine(args);
  FLEET_CHECK(line.ok());
  std::ostringstream out;
  std::ostringstream err;
  const auto client = fake_.Client();
  const CommandContext context{
      .line = *line,
      .out = out,
      .err = err,
      .out_style = {},
      .err_style = {},
      .terminal = terminal_,
      .out_width = 0,
      .clock = clock_,
      .loop = loop_,
      .env =
          [this](const std::string& name) {
            const auto found = environment_.find(name);
            return found == environment_.end() ? "" : found->second;
          },
      .client = *client,
      .local = nullptr,
      .ask = ask_,
  };
  const ExitCode code = RunCommand(context);
  return {static_cast<int>(code), out.str(), err.str()};
}

Ran CommandScene::Run(const std::string& words) {
  return Run(std::vector<std::string>(absl::StrSplit(words, ' ')));
}

}  // namespace fleet::cli
