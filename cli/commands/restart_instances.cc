#include "cli/commands/restart_instances.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/commands/app_waiter.h"
#include "cli/render/text_style.h"
#include "fleet/v1/app_service.pb.h"
#include "proto/rpc/proto_time.h"

namespace fleet::cli {
namespace {

const v1::AppEvent* NewestFailure(const v1::HostApp& host, int slot) {
  const v1::AppEvent* newest = nullptr;
  for (const v1::AppEvent& event : host.status().events()) {
    if (event.kind() == v1::APP_EVENT_KIND_RENEWAL_FAILED &&
        event.slot() == slot) {
      newest = &event;
    }
  }
  return newest;
}

absl::Time TimeOf(const v1::AppEvent* event) {
  return event == nullptr ? absl::InfinitePast() : FromProto(event->time());
}

// One instance on the hosts that replace its worker.
class Restart {
 public:
  Restart(ChosenApp instance, const v1::App& before)
      : instance_(std::move(instance)) {
    for (const v1::HostApp& host : before.hosts()) {
      failed_before_[host.host()] =
          TimeOf(NewestFailure(host, *instance_.slot));
    }
  }

  // False: the host does not do it.
  bool Note(const v1::HostAnswer& answer) {
    if (answer.code() != 0) return false;
    std::set<uint64_t>& old = replaced_[answer.host()];
    for (const v1::WorkerFacts& worker : answer.workers()) {
      old.insert(worker.worker_id());
    }
    return true;
  }

  bool any() const { return !replaced_.empty(); }

  std::string Lacks(const v1::App& app, const v1::HostApp& host) const {
    auto old = replaced_.find(host.host());
    if (old == replaced_.end()) return "";
    for (const v1::Instance& instance : host.status().instances()) {
      if (instance.pid() > 0 && old->second.contains(instance.worker_id())) {
        return absl::StrCat("the old worker, pid ", instance.pid(),
                            ", still runs");
      }
    }
    return LacksReady(app, host);
  }

  std::string Failure(const v1::App& app, const v1::HostApp& host) const {
    if (!replaced_.contains(host.host())) return "";
    const v1::AppEvent* failure = NewestFailure(host, *instance_.slot);
    auto before = failed_before_.find(host.host());
    if (failure != nullptr &&
        (before == failed_before_.end() || TimeOf(failure) > before->second)) {
      return absl::StrCat(instance_.Text(), " on ", host.host(), " ",
                          Printable(failure->text()));
    }
    return HostFailure(app, host);
  }

 private:
  const ChosenApp instance_;
  std::map<std::string, std::set<uint64_t>> replaced_;  // By host.
  std::map<std::string, absl::Time> failed_before_;
};

ExitCode RestartOne(const CommandContext& context, const ChosenApp& instance,
                    v1::ReloadStrategy strategy, const std::string& done) {
  v1::GetAppRequest get;
  get.set_name(instance.name);
  const auto before = context.client.Call(get);
  if (!before.ok()) return Fail(context, before.status());
  Restart restart(instance, before->app());
  v1::RestartInstanceRequest request;
  request.set_name(instance.name);
  request.set_slot(*instance.slot);
  request.set_hosts(context.line.hosts);
  request.set_strategy(strategy);
  const auto response = context.client.Call(request);
  if (!response.ok()) return Fail(context, response.status());
  ExitCode code = ExitCode::kSuccess;
  for (const v1::HostAnswer& answer : response->answers()) {
    if (restart.Note(answer)) continue;
    code = ExitCode::kError;
    context.err << "fleetctl: " << instance.Text() << " on " << answer.host()
                << ": " << Printable(answer.message()) << std::endl;
  }
  if (!restart.any()) return code;
  const Awaited awaited{[&](const auto& app, const auto& host) {
                          return restart.Lacks(app, host);
                        },
                        [&](const auto& app, const auto& host) {
                          return restart.Failure(app, host);
                        },
                        done};
  return Worse(code, WaitForApps(context, {instance}, awaited));
}

}  // namespace

ExitCode RestartInstances(const CommandContext& context,
                          const std::vector<ChosenApp>& instances,
                          v1::ReloadStrategy strategy,
                          const std::string& done) {
  ExitCode code = ExitCode::kSuccess;
  for (const ChosenApp& instance : instances) {
    if (context.line.dry_run) {
      context.out << "would be " << done << ": " << instance.Text() << "\n";
      continue;
    }
    code = Worse(code, RestartOne(context, instance, strategy, done));
  }
  return code;
}

}  // namespace fleet::cli
