// What one question of `fleetctl monit` costs the controller and the viewer:
// HOSTS hosts (100) with APPS apps (10) of 10 workers each. Prints JSON.
#include <time.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/monit/cell_buffer.h"
#include "cli/monit/frame_diff.h"
#include "cli/monit/monit_state.h"
#include "cli/monit/monit_view.h"
#include "fleet/v1/app_service.pb.h"
#include "spdlog/spdlog.h"
#include "tests/controller/fleet_scene.h"

namespace fleet::controller {
namespace {

constexpr int kRounds = 20;
constexpr int kWorkers = 10;

// CPU time of this process, in milliseconds.
double CpuMillis() {
  timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 +
         static_cast<double>(now.tv_nsec) / 1e6;
}

void FillFleet(FleetScene& scene, int hosts, int apps,
               std::vector<std::unique_ptr<FakeAgent>>& agents) {
  for (int i = 0; i < hosts; ++i) {
    agents.push_back(scene.Agent(absl::StrCat("host-", 1000 + i)));
  }
  for (int i = 0; i < apps; ++i) {
    AppSpec spec = SpecOf(absl::StrCat("app-", i));
    spec.instances = kWorkers;
    spec.rollout.max_parallel = "100%";
    scene.Apply(spec);
    for (auto& agent : agents) {
      agent->AckAll();
      agent->ReportDone(spec.name);
    }
  }
}

// As AppService::List answers it.
std::string Answer(FleetCore& core) {
  v1::ListAppsResponse response;
  for (const auto& [name, uid] : core.registry.names()) {
    *response.add_apps() =
        core.view.App(*core.registry.FindByUid(uid), {.spec = false});
  }
  return response.SerializeAsString();
}

int Main(int argc, char** argv) {
  int hosts = 100;
  int apps = 10;
  if (argc > 1 && !absl::SimpleAtoi(argv[1], &hosts)) return 2;
  if (argc > 2 && !absl::SimpleAtoi(argv[2], &apps)) return 2;
  spdlog::set_level(spdlog::level::off);
  FleetScene scene;
  std::vector<std::unique_ptr<FakeAgent>> agents;
  FillFleet(scene, hosts, apps, agents);

  std::string bytes;
  double start = CpuMillis();
  for (int i = 0; i < kRounds; ++i) bytes = Answer(scene.core());
  const double asked = (CpuMillis() - start) / kRounds;

  cli::MonitState state;
  cli::CellBuffer shown(1, 1);
  cli::MonitFrame frame;
  frame.size = {120, 40};
  start = CpuMillis();
  for (int i = 0; i < kRounds; ++i) {
    state.apps.ParseFromString(bytes);
    state.history.AddApps(state.apps);
    cli::SettleSelection(state);
    const cli::CellBuffer wanted = cli::RenderMonit(state, frame);
    cli::FrameDiff(shown, wanted, true);
    shown = wanted;
  }
  const double drawn = (CpuMillis() - start) / kRounds;
  std::printf(
      "{\"workers\": %d, \"answer_kb\": %.1f, \"controller_ms\": %.2f, "
      "\"viewer_ms\": %.2f}\n",
      hosts * apps * kWorkers, static_cast<double>(bytes.size()) / 1024, asked,
      drawn);
  return 0;
}

}  // namespace
}  // namespace fleet::controller

int main(int argc, char** argv) { return fleet::controller::Main(argc, argv); }
