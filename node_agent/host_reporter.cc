#include "node_agent/host_reporter.h"

#include <unistd.h>

#include <utility>

#include "node_agent/log_space.h"
#include "node_agent/state_folder.h"

namespace fleet::agent {

HostReporter::HostReporter(const Clock& clock, v1::Host host, AgentState& state,
                           LogTailService& tails, CommandService& commands,
                           const KeeperClient& keeper)
    : clock_(clock),
      host_(std::move(host)),
      run_id_(RandomId()),
      state_(state),
      tails_(tails),
      commands_(commands),
      keeper_(keeper) {}

v1::Hello HostReporter::MakeHello() {
  v1::Hello hello;
  // A keeper may have been upgraded since.
  host_.set_keeper_version(keeper_.keeper_version());
  *hello.mutable_host() = host_;
  hello.set_epoch(state_.epoch());
  hello.set_agent_run_id(run_id_);
  for (v1::AppStatus& app : state_.TakeAll()) {
    *hello.add_apps() = std::move(app);
  }
  return hello;
}

bool HostReporter::FillReport(bool full, v1::StateReport& report) {
  if (full) {
    for (v1::AppStatus& app : state_.TakeAll()) {
      *report.add_apps() = std::move(app);
    }
    return true;
  }
  AgentState::Changes changes = state_.TakeChanges();
  for (v1::AppStatus& app : changes.apps) *report.add_apps() = std::move(app);
  for (std::string& uid : changes.removed_app_uids) {
    report.add_removed_app_uids(std::move(uid));
  }
  return !changes.empty();
}

v1::Metrics HostReporter::MakeMetrics() {
  v1::Metrics metrics;
  HostSample sample = sampler_.SampleHost(clock_.Now());
  v1::HostUsage& usage = *metrics.mutable_usage();
  usage.set_cpu_cores(sample.cpu_cores);
  usage.set_memory_used_bytes(sample.memory_used_bytes);
  usage.set_load1(sample.load1);
  usage.set_agent_rss_bytes(ProcessSampler::ReadRss(getpid()));
  usage.set_problem(SpaceProblemOf(state_.folder()));
  usage.set_keeper_rss_bytes(ProcessSampler::ReadRss(keeper_.keeper_pid()));
  for (v1::InstanceSample& instance : state_.Sample()) {
    *metrics.add_samples() = std::move(instance);
  }
  return metrics;
}

v1::DesiredStateAck HostReporter::Accept(const v1::DesiredState& wanted) {
  return state_.Accept(wanted);
}

void HostReporter::RunCommand(const v1::Command& command) {
  if (LogTailService::Handles(command)) {
    tails_.Run(command);
  } else {
    commands_.Run(command);
  }
}

void HostReporter::OnWritable() { tails_.Flush(); }

void HostReporter::OnSessionEnd() { tails_.CancelAll(); }

}  // namespace fleet::agent
