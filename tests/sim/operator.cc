#include "tests/sim/operator.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::sim {
namespace {

using controller::FleetCore;
using controller::NewRollout;
using controller::Rollout;
using controller::RolloutKind;

constexpr char kActor[] = "ann";

absl::Status StatusOf(const absl::Status& status) { return status; }
template <class T>
absl::Status StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

AppSpec FirstSpec(const std::string& app) {
  AppSpec spec;
  spec.name = app;
  spec.script = "/srv/" + app + "/server";
  spec.interpreter = "none";
  spec.cwd = "/srv/" + app;
  spec.instances = 2;
  spec.listen = {"tcp://0.0.0.0:3000"};
  spec.readiness.notify = true;
  spec.readiness.timeout = absl::Seconds(10);
  spec.stop.kill_timeout = absl::Seconds(5);
  return spec;
}

}  // namespace

Operator::Operator(World& world, std::string app)
    : world_(world), spec_(FirstSpec(app)) {}

template <class Call>
auto Operator::Ask(const std::string& what, Call call)
    -> decltype(call(std::declval<FleetCore&>())) {
  FleetCore* core = world_.core();
  world_.trace.Note(kActor, what);
  if (core == nullptr) {
    world_.trace.Note(kActor, "  no answer");
    return absl::UnavailableError("the controller is down");
  }
  auto result = call(*core);
  const absl::Status status = StatusOf(result);
  if (!status.ok()) {
    world_.trace.Note(kActor, "  refused: ", status.message());
    const bool explained =
        !ReasonOf(status).reason.empty() || world_.controller.lifeline().dead();
    // Only this one's reasons are not for programs.
    const bool exempt = what.rfind("hosts rm", 0) == 0;
    if (!explained && !exempt) {
      world_.verdict.Fail("status", what, ": ", status.ToString(),
                          " has no reason for programs");
    }
  }
  return result;
}

absl::StatusOr<std::string> Operator::Apply(const std::string& release,
                                            const RolloutPolicySpec& policy,
                                            bool supersede) {
  spec_.env["RELEASE"] = release;
  world_.rollout_referee.Expect(policy);
  return Ask(absl::StrCat("apply ", app(), " release ", release,
                          supersede ? " --supersede" : ""),
             [&](FleetCore& core) -> absl::StatusOr<std::string> {
               controller::ApplyOrder order;
               order.specs = {spec_};
               order.policy = policy;
               order.supersede = supersede;
               order.actor = kActor;
               ASSIGN_OR_RETURN(auto outcomes, core.apply.Apply(order));
               return outcomes.at(0).rollout_uid;
             });
}

absl::StatusOr<Rollout> Operator::Roll(RolloutKind kind,
                                       const RolloutPolicySpec& policy,
                                       bool supersede,
                                       const std::string& request_id) {
  world_.rollout_referee.Expect(policy);
  auto rollout = Ask(
      absl::StrCat(Name(kind), " ", app(), supersede ? " --supersede" : ""),
      [&](FleetCore& core) -> absl::StatusOr<Rollout> {
        NewRollout request;
        request.kind = kind;
        ASSIGN_OR_RETURN(request.app,
                         core.registry.FindRolloutApp(app(), kind, 0));
        ASSIGN_OR_RETURN(request.hosts, core.registry.HostsOf(app(), "all"));
        request.policy = policy;
        request.request_id = request_id;
        request.actor = kActor;
        request.supersede = supersede;
        return core.driver.Create(request);
      });
  if (!request_id.empty()) {
    const bool lost = !rollout.ok() &&
                      rollout.status().code() == absl::StatusCode::kUnavailable;
    if (rollout.ok() || lost) {
      last_ = {request_id, kind, policy, rollout.ok() ? rollout->uid : ""};
    }
  }
  return rollout;
}

void Operator::RepeatLast() {
  if (!last_) return;
  const Request before = *last_;
  auto again = Roll(before.kind, before.policy, false, before.id);
  if (!again.ok() || before.uid.empty()) return;
  last_->uid = before.uid;
  if (again->uid != before.uid) {
    world_.verdict.Fail("14", "request ", before.id, " made ", before.uid,
                        " and, asked again, ", again->uid);
  }
}

controller::RolloutOrder Operator::Order() const {
  controller::RolloutOrder order;
  order.name = app();
  order.actor = kActor;
  return order;
}

absl::Status Operator::Pause() {
  return Ask("pause", [&](FleetCore& core) {
    return core.driver.Pause(Order()).status();
  });
}

absl::Status Operator::Resume() {
  return Ask("resume", [&](FleetCore& core) {
    return core.driver.Resume(Order()).status();
  });
}

absl::Status Operator::Retry() {
  return Ask("retry", [&](FleetCore& core) {
    return core.driver.Retry(Order()).status();
  });
}

absl::Status Operator::Abort() {
  return Ask("abort", [&](FleetCore& core) {
    return core.driver.Abort(Order()).status();
  });
}

absl::Status Operator::Promote(bool now) {
  return Ask(now ? "promote --now" : "promote", [&](FleetCore& core) {
    return core.driver.Promote(Order(), now).status();
  });
}

absl::Status Operator::Undo() {
  return Ask("undo", [&](FleetCore& core) {
    return core.driver.Undo(Order()).status();
  });
}

absl::Status Operator::Scale(int instances) {
  return Ask(absl::StrCat("scale to ", instances), [&](FleetCore& core) {
    absl::Status scaled =
        core.orders.Scale({app(), "", {}, kActor}, instances, false);
    if (scaled.ok()) spec_.instances = instances;
    return scaled;
  });
}

absl::Status Operator::Stop() {
  return Ask("stop", [&](FleetCore& core) {
    return core.orders.Stop({app(), "", {}, kActor});
  });
}

absl::Status Operator::Start() {
  return Ask("start", [&](FleetCore& core) {
    return core.orders.Start({app(), "", {}, kActor});
  });
}

absl::Status Operator::Cordon(const std::string& host, bool drain) {
  return Ask(absl::StrCat(drain ? "drain " : "cordon ", host),
             [&](FleetCore& core) {
               return core.CordonHost(host, {drain, "", kActor, {}});
             });
}

absl::Status Operator::Uncordon(const std::string& host) {
  return Ask(absl::StrCat("uncordon ", host),
             [&](FleetCore& core) { return core.UncordonHost(host); });
}

absl::Status Operator::RemoveHost(const std::string& host) {
  return Ask(absl::StrCat("hosts rm ", host),
             [&](FleetCore& core) { return core.RemoveHost(host); });
}

}  // namespace fleet::sim
