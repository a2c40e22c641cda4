#include "cli/commands/app_waiter.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands/app_names.h"
#include "cli/interrupt_watch.h"
#include "cli/render/app_summary.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

// Between looks, doubling: most apps are done within milliseconds.
constexpr absl::Duration kFirstPeriod = absl::Milliseconds(5);
constexpr absl::Duration kLastPeriod = absl::Milliseconds(200);
constexpr absl::Duration kHeartbeat = absl::Seconds(10);

int ReadySlots(const v1::AppStatus& status) {
  std::set<int> slots;
  for (const v1::Instance& instance : status.instances()) {
    if (instance.ready()) slots.insert(instance.slot());
  }
  return static_cast<int>(slots.size());
}

int LiveWorkers(const v1::AppStatus& status) {
  return static_cast<int>(
      std::count_if(status.instances().begin(), status.instances().end(),
                    [](const v1::Instance& instance) {
                      // Of one that is just being started no pid is known yet.
                      return instance.pid() > 0 || instance.worker_id() != 0;
                    }));
}

// Instances for which nobody waits: people have stopped them, or they have
// ended as their spec says.
int Unwanted(const v1::AppStatus& status) {
  std::set<int> slots;
  for (const v1::Instance& instance : status.instances()) {
    if (instance.state() == v1::INSTANCE_STATE_STOPPED ||
        instance.state() == v1::INSTANCE_STATE_EXITED) {
      slots.insert(instance.slot());
    }
  }
  return static_cast<int>(slots.size());
}

void AppendText(std::string* out, const ChosenApp& app) {
  absl::StrAppend(out, app.Text());
}

class Waiter {
 public:
  Waiter(const CommandContext& context, const std::vector<ChosenApp>& apps,
         const Awaited& awaited)
      : context_(context), left_(apps), awaited_(awaited) {}

  // By --hosts.
  absl::Status ChooseHosts() {
    if (context_.line.hosts.empty() || context_.line.hosts == "all") {
      return absl::OkStatus();
    }
    v1::ListHostsRequest request;
    request.set_selector(context_.line.hosts);
    ASSIGN_OR_RETURN(const auto chosen, context_.client.Call(request));
    for (const v1::Host& host : chosen.hosts()) hosts_.insert(host.name());
    return absl::OkStatus();
  }

  ExitCode Wait() {
    const absl::Time start = context_.loop.clock().Now();
    bool interrupted = false;
    bool timed_out = false;
    const InterruptWatch interrupts(context_.loop,
                                    [&interrupted] { interrupted = true; });
    last_said_ = start;
    absl::Duration period = kFirstPeriod;
    while (!Look()) {
      const absl::Duration spent = context_.loop.clock().Now() - start;
      timed_out = spent >= context_.line.timeout;
      if (interrupted || timed_out) break;
      bool due = false;
      const auto timer = context_.loop.AddTimerAfter(
          std::min(period, context_.line.timeout - spent),
          [&due] { due = true; });
      period = std::min(period * 2, kLastPeriod);
      while (!due && !interrupted) {
        context_.loop.RunOnce(absl::InfiniteDuration());
      }
      context_.loop.CancelTimer(timer);
      Heartbeat();
    }
    if (left_.empty()) return code_;
    context_.err << (timed_out ? "--timeout has passed" : "interrupted")
                 << ": the hosts go on without this command; fleetctl ls "
                 << absl::StrJoin(left_, " ", AppendText)
                 << " shows how far they are" << std::endl;
    return timed_out ? ExitCode::kTimeout : ExitCode::kInterrupted;
  }

 private:
  // True: nothing is left to wait for.
  bool Look() {
    std::vector<ChosenApp> still;
    for (const ChosenApp& app : left_) {
      if (!LookAt(app)) still.push_back(app);
    }
    left_ = std::move(still);
    return left_.empty();
  }

  bool LookAt(const ChosenApp& choice) {
    v1::GetAppRequest request;
    request.set_name(choice.name);
    auto response = context_.client.Call(request);
    if (!response.ok()) {
      if (ReasonOf(response.status()).reason == "APP_NOT_FOUND") {
        context_.err << choice.Text() << ": " << awaited_.done << std::endl;
        return true;
      }
      code_ = Worse(code_, Fail(context_, response.status()));
      return true;
    }
    if (choice.slot) KeepSlot(choice, *response->mutable_app());
    return Judge(choice, response->app());
  }

  bool Judge(const ChosenApp& choice, const v1::App& app) {
    std::vector<std::string> away;
    std::vector<const v1::HostApp*> seen;
    lacking_.clear();
    for (const v1::HostApp& host : app.hosts()) {
      if (!hosts_.empty() && !hosts_.contains(host.host())) continue;
      if (!host.connected()) {
        away.push_back(host.host());
        continue;
      }
      seen.push_back(&host);
      const std::string lacks = awaited_.lacks(app, host);
      if (lacks.empty()) continue;
      lacking_ = absl::StrCat(choice.Text(), " on ", host.host(), ": ", lacks);
      const std::string failure = awaited_.failure(app, host);
      if (failure.empty()) return false;
      context_.err << "fleetctl: " << failure << "\n  fleetctl logs "
                   << choice.Text() << " --hosts " << host.host()
                   << " --err    shows what it said" << std::endl;
      code_ = Worse(code_, ExitCode::kError);
      return true;
    }
    // What nobody has seen is not said to be so.
    context_.err << choice.Text() << ": "
                 << (!seen.empty() || away.empty() ? "" : "not yet ")
                 << awaited_.done
                 << (awaited_.detail && !seen.empty()
                         ? " " + awaited_.detail(seen)
                         : "")
                 << std::endl;
    if (!away.empty()) {
      Note(context_, absl::StrCat(absl::StrJoin(away, ", "),
                                  ": not connected, will follow when back"));
    }
    return true;
  }

  void Heartbeat() {
    const absl::Time now = context_.loop.clock().Now();
    if (now - last_said_ < kHeartbeat || left_.empty()) return;
    last_said_ = now;
    context_.err << "waiting for " << lacking_ << std::endl;
  }

  const CommandContext& context_;
  std::vector<ChosenApp> left_;
  const Awaited& awaited_;
  std::set<std::string> hosts_;  // Empty: all.
  std::string lacking_;
  absl::Time last_said_;
  ExitCode code_ = ExitCode::kSuccess;
};

}  // namespace

std::string LacksStop(const v1::App&, const v1::HostApp& host) {
  if (host.status().serial() < host.target_serial()) return "it has not begun";
  const int live = LiveWorkers(host.status());
  return live == 0 ? "" : absl::StrCat(live, " workers are stopping");
}

std::string LacksReady(const v1::App&, const v1::HostApp& host) {
  const v1::AppStatus& status = host.status();
  if (status.serial() < host.target_serial()) return "it has not begun";
  const int ready = ReadySlots(status);
  const int live = LiveWorkers(status);
  const int wanted = status.desired_instances() - Unwanted(status);
  if (ready >= wanted && live == wanted) return "";
  return absl::StrCat(ready, " of ", wanted, " instances are ready, ", live,
                      " run");
}

std::string HostRefusal(const v1::App& app, const v1::HostApp& host) {
  // What it had goes on there.
  if (host.refusal().empty()) return "";
  return absl::StrCat(app.name(), " on ", host.host(), ": ",
                      RefusalText(host.refusal()));
}

std::string HostFailure(const v1::App& app, const v1::HostApp& host) {
  if (!host.refusal().empty()) return HostRefusal(app, host);
  for (const v1::Instance& instance : host.status().instances()) {
    if (instance.state() != v1::INSTANCE_STATE_CRASH_LOOP) continue;
    return absl::StrCat(app.name(), ".", instance.slot(), " on ", host.host(),
                        " is in a crash loop",
                        instance.last_exit().empty() ? "" : ": ",
                        instance.last_exit());
  }
  return "";
}

ExitCode WaitForApps(const CommandContext& context,
                     const std::vector<ChosenApp>& apps,
                     const Awaited& awaited) {
  if (!context.line.wait || apps.empty()) return ExitCode::kSuccess;
  Waiter waiter(context, apps, awaited);
  const absl::Status chosen = waiter.ChooseHosts();
  return chosen.ok() ? waiter.Wait() : Fail(context, chosen);
}

Awaited Stopped() { return {LacksStop, HostRefusal, "stopped"}; }

Awaited Started() { return {LacksReady, HostFailure, "started"}; }

}  // namespace fleet::cli
