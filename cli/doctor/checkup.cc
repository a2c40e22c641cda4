#include "cli/doctor/checkup.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/render/age.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

using State = FindingState;

// Clocks: what log lines of several hosts are merged by.
constexpr absl::Duration kSmallSkew = absl::Seconds(1);
constexpr absl::Duration kLargeSkew = absl::Seconds(30);

class Judgement {
 public:
  explicit Judgement(const Checkup& checkup) : checkup_(checkup) {}

  std::vector<Finding> Take() {
    if (!JudgeController()) return std::move(findings_);
    JudgeVersion();
    JudgeOwnClock();
    if (Have(checkup_.hosts, "hosts")) JudgeHosts();
    if (Have(checkup_.checks, "host checks")) JudgeChecks();
    if (Have(checkup_.apps, "apps")) JudgeApps();
    if (Have(checkup_.rollouts, "rollouts")) JudgeRollouts();
    return std::move(findings_);
  }

 private:
  void Add(State state, std::string name, std::string subject,
           std::string found, std::string advice) {
    if (state == State::kOk) advice.clear();
    findings_.push_back({state, std::move(name), std::move(subject),
                         std::move(found), std::move(advice)});
  }

  template <typename T>
  bool Have(const absl::StatusOr<T>& answer, const std::string& name) {
    if (answer.ok()) return true;
    Add(State::kProblem, name, "controller",
        std::string(answer.status().message()),
        "without this answer the rest cannot be judged; look at the "
        "controller's log");
    return false;
  }

  bool JudgeController() {
    if (!checkup_.controller.ok()) {
      Add(State::kProblem, "controller", checkup_.address,
          absl::StrCat(checkup_.controller.status().message(),
                       " (address from ", checkup_.address_source, ")"),
          "start it (fleetctl up for the fleet of this machine), or name "
          "another with --controller or FLEET_CONTROLLER; hosts and workers "
          "go on meanwhile");
      return false;
    }
    const v1::GetControllerResponse& c = *checkup_.controller;
    Add(State::kOk, "controller", checkup_.address,
        absl::StrCat("answers within ", HumanDuration(checkup_.round_trip),
                     ", version ", c.version(), ", up ",
                     AgeText(c.has_start_time(), c.start_time(), checkup_.now),
                     " (address from ", checkup_.address_source, ")"),
        "");
    return true;
  }

  void JudgeVersion() {
    const std::string& there = checkup_.controller->version();
    const bool same = there == checkup_.own_version;
    Add(same ? State::kOk : State::kWarning, "version", "fleetctl",
        same
            ? there
            : absl::StrCat(checkup_.own_version, ", the controller is ", there),
        "use the fleetctl of the controller's version; others may lack "
        "commands or fields");
  }

  void JudgeOwnClock() {
    const v1::GetControllerResponse& c = *checkup_.controller;
    if (!c.has_time()) return;
    // In the middle of the way it had this time.
    const absl::Duration skew =
        (checkup_.now - checkup_.round_trip / 2) - FromProto(c.time());
    JudgeSkew("this machine", skew);
  }

  void JudgeSkew(const std::string& subject, absl::Duration skew) {
    const absl::Duration distance = absl::AbsDuration(skew);
    const State state = distance >= kLargeSkew   ? State::kProblem
                        : distance >= kSmallSkew ? State::kWarning
                                                 : State::kOk;
    Add(state, "clock", subject,
        distance < kSmallSkew
            ? "as the controller's"
            : absl::StrCat(
                  HumanDuration(distance),
                  skew > absl::ZeroDuration() ? " ahead of" : " behind",
                  " the controller's"),
        "run chrony or systemd-timesyncd there; ages and the order of log "
        "lines are wrong");
  }

  void JudgeHosts() {
    if (checkup_.hosts->hosts().empty()) {
      Add(State::kWarning, "hosts", "fleet", "no host has ever connected",
          "start an agent: fleet-keeper … -- fleet-agent --controller "
          "ADDRESS …, or fleetctl startup agent");
    }
    for (const v1::Host& host : checkup_.hosts->hosts()) {
      JudgeHost(host);
    }
  }

  void JudgeHost(const v1::Host& host) {
    if (host.state() == v1::HOST_STATE_CONFLICT) {
      Add(State::kProblem, "host", host.name(), host.reason(),
          "give one of the two machines another --host-name");
    } else if (host.state() != v1::HOST_STATE_CONNECTED) {
      Add(State::kProblem, "host", host.name(),
          absl::StrCat("not connected, last heard ",
                       AgeText(host.has_last_seen_time(), host.last_seen_time(),
                               checkup_.now),
                       " ago"),
          "look whether the machine and fleet-agent run, and whether it can "
          "reach the controller; if it is gone for good: fleetctl hosts "
          "remove HOST");
    } else {
      Add(State::kOk, "host", host.name(), "connected", "");
    }
    if (host.state() == v1::HOST_STATE_DISCONNECTED) return;
    const bool same = host.agent_version() == checkup_.controller->version();
    Add(same ? State::kOk : State::kWarning, "agent version", host.name(),
        same ? host.agent_version()
             : absl::StrCat(host.agent_version(), ", the controller is ",
                            checkup_.controller->version()),
        "upgrade the older one; workers go on while an agent is restarted");
    if (host.has_clock_skew()) {
      JudgeSkew(host.name(), FromProto(host.clock_skew()));
    }
  }

  void JudgeChecks() {
    for (const v1::HostCheckup& host : checkup_.checks->checkups()) {
      if (host.code() != 0) {
        Add(State::kWarning, "host checks", host.host(), host.message(),
            "an older agent knows no checks; one that does not answer may be "
            "overloaded");
      }
      for (const v1::HostCheck& check : host.checks()) {
        const State state =
            check.state() == v1::CHECK_STATE_PROBLEM   ? State::kProblem
            : check.state() == v1::CHECK_STATE_WARNING ? State::kWarning
                                                       : State::kOk;
        Add(state, check.name(), host.host(), check.found(), check.advice());
      }
    }
  }

  void JudgeApps() {
    for (const v1::App& app : checkup_.apps->apps()) {
      for (const v1::HostApp& host : app.hosts()) {
        if (host.connected()) JudgeApp(app, host);
      }
    }
  }

  void JudgeApp(const v1::App& app, const v1::HostApp& host) {
    std::set<int> slots;
    std::string last_exit;
    for (const v1::Instance& instance : host.status().instances()) {
      if (instance.state() != v1::INSTANCE_STATE_CRASH_LOOP) continue;
      slots.insert(instance.slot());
      last_exit = instance.last_exit();
    }
    const std::string subject = absl::StrCat(app.name(), " on ", host.host());
    if (!slots.empty()) {
      Add(State::kProblem, "crash loop", subject,
          absl::StrCat("instance ", absl::StrJoin(slots, ", "),
                       " is given up: ", last_exit),
          absl::StrCat("fleetctl logs ", app.name(),
                       " --err shows why; fleetctl start ", app.name(),
                       " tries again"));
    } else if (host.status().step().phase() == v1::STEP_PHASE_FAILED) {
      Add(State::kWarning, "last step", subject,
          absl::StrCat("failed: ", host.status().step().reason()),
          absl::StrCat("fleetctl show ", app.name(),
                       " tells more; mend it and reload or apply again"));
    } else if (!host.status().message().empty()) {
      Add(State::kWarning, "app", subject, host.status().message(),
          absl::StrCat("fleetctl show ", app.name(), " tells more"));
    }
  }

  void JudgeRollouts() {
    for (const v1::Rollout& rollout : checkup_.rollouts->rollouts()) {
      for (const v1::Hold& hold : rollout.holds()) {
        if (hold.kind() != v1::HOLD_KIND_FAILURE) continue;
        Add(State::kProblem, "rollout", rollout.app(),
            absl::StrCat(rollout.uid(), " is held: ", hold.reason()),
            absl::StrCat("fleetctl rollout status ", rollout.uid(),
                         " tells why; then retry, resume or abort it"));
      }
    }
  }

  const Checkup& checkup_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> Judge(const Checkup& checkup) {
  return Judgement(checkup).Take();
}

}  // namespace fleet::cli
