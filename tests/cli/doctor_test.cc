#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/doctor/checkup.h"
#include "nlohmann/json.hpp"
#include "tests/cli/proto_text.h"

namespace fleet::cli {
namespace {

using testing::HasSubstr;

// A fleet that is well.
Checkup Well() {
  Checkup checkup;
  checkup.address = "unix:///run/fleet.sock";
  checkup.address_source = "$FLEET_CONTROLLER";
  checkup.own_version = "1.0";
  checkup.round_trip = absl::Milliseconds(2);
  checkup.now = absl::FromUnixSeconds(1700000000);
  checkup.controller = FromText<v1::GetControllerResponse>(
      "version: '1.0' time { seconds: 1700000000 }");
  checkup.hosts =
      FromText<v1::ListHostsResponse>(R"pb(
        hosts {
          name: "host-1"
          state: HOST_STATE_CONNECTED
          agent_version: "1.0"
          clock_skew {}
        }
        hosts {
          name: "host-2"
          state: HOST_STATE_CONNECTED
          agent_version: "1.0"
        })pb");
  checkup.checks = FromText<v1::CheckHostsResponse>(R"pb(
    checkups {
      host: "host-1"
      checks { name: "disk" state: CHECK_STATE_OK found: "50 GB free" }
    }
    checkups {
      host: "host-2"
      checks { name: "disk" state: CHECK_STATE_OK found: "9 GB free" }
    })pb");
  checkup.apps = FromText<v1::ListAppsResponse>(R"pb(
    apps {
      name: "web"
      hosts {
        host: "host-1"
        connected: true
        status {
          instances { slot: 0 state: INSTANCE_STATE_ONLINE }
          instances { slot: 1 state: INSTANCE_STATE_ONLINE }
        }
      }
    })pb");
  checkup.rollouts = v1::ListRolloutsResponse();
  return checkup;
}

// "state name subject" of what is not well.
std::vector<std::string> Complaints(const Checkup& checkup) {
  std::vector<std::string> complaints;
  for (const Finding& finding : Judge(checkup)) {
    EXPECT_EQ(finding.advice.empty(), finding.state == FindingState::kOk)
        << finding.name;
    if (finding.state == FindingState::kOk) continue;
    complaints.push_back(
        (finding.state == FindingState::kProblem ? "problem " : "warning ") +
        finding.name + " " + finding.subject);
  }
  return complaints;
}

TEST(Doctor, AFleetThatIsWellHasNoComplaints) {
  EXPECT_THAT(Complaints(Well()), testing::IsEmpty());
  EXPECT_EQ(FindingsText(Judge(Well()), {}, 80),
            "ok       controller: unix:///run/fleet.sock: answers within "
            "2ms, version 1.0, up\n"
            "         - (address from $FLEET_CONTROLLER)\n"
            "ok       version: fleetctl: 1.0\n"
            "ok       clock: this machine, host-1\n"
            "ok       host: host-1, host-2\n"
            "ok       agent version: host-1, host-2\n"
            "ok       disk: host-1, host-2\n"
            "0 problems, 0 warnings\n");
}

TEST(Doctor, EachTroubleIsNamedWithWhatToDo) {
  const struct {
    const char* complaint;
    void (*change)(Checkup&);
  } cases[] = {
      {"problem controller unix:///run/fleet.sock",
       [](Checkup& c) { c.controller = absl::UnavailableError("refused"); }},
      {"warning version fleetctl", [](Checkup& c) { c.own_version = "0.9"; }},
      {"problem clock this machine",
       [](Checkup& c) { c.now += absl::Minutes(5); }},
      {"problem hosts controller",
       [](Checkup& c) { c.hosts = absl::InternalError("store"); }},
      {"warning hosts fleet", [](Checkup& c) { c.hosts->Clear(); }},
      {"problem host host-2",
       [](Checkup& c) {
         c.hosts->mutable_hosts(1)->set_state(v1::HOST_STATE_DISCONNECTED);
       }},
      {"problem host host-1",
       [](Checkup& c) {
         c.hosts->mutable_hosts(0)->set_state(v1::HOST_STATE_CONFLICT);
       }},
      {"warning agent version host-1",
       [](Checkup& c) { c.hosts->mutable_hosts(0)->set_agent_version("0.9"); }},
      {"warning clock host-1",
       [](Checkup& c) {
         c.hosts->mutable_hosts(0)->mutable_clock_skew()->set_seconds(-3);
       }},
      {"problem disk host-2",
       [](Checkup& c) {
         auto* check = c.checks->mutable_checkups(1)->mutable_checks(0);
         check->set_state(v1::CHECK_STATE_PROBLEM);
         check->set_advice("make room");
       }},
      {"warning host checks host-1",
       [](Checkup& c) { c.checks->mutable_checkups(0)->set_code(12); }},
      {"problem crash loop web on host-1",
       [](Checkup& c) {
         c.apps->mutable_apps(0)
             ->mutable_hosts(0)
             ->mutable_status()
             ->mutable_instances(1)
             ->set_state(v1::INSTANCE_STATE_CRASH_LOOP);
       }},
      {"warning last step web on host-1",
       [](Checkup& c) {
         c.apps->mutable_apps(0)
             ->mutable_hosts(0)
             ->mutable_status()
             ->mutable_step()
             ->set_phase(v1::STEP_PHASE_FAILED);
       }},
      {"problem rollout web",
       [](Checkup& c) {
         *c.rollouts = FromText<v1::ListRolloutsResponse>(
             "rollouts { uid: 'r-1' app: 'web' holds { kind: "
             "HOLD_KIND_FAILURE } }");
       }},
  };
  for (const auto& c : cases) {
    Checkup checkup = Well();
    c.change(checkup);
    EXPECT_THAT(Complaints(checkup), testing::ElementsAre(c.complaint));
  }
}

TEST(Doctor, TheSameTroubleOfManyHostsIsOneParagraph) {
  std::vector<Finding> findings;
  for (int i = 1; i <= 9; ++i) {
    findings.push_back({FindingState::kWarning, "cgroup",
                        "host-" + std::to_string(i), "none delegated",
                        "set Delegate=yes"});
  }
  EXPECT_EQ(FindingsText(findings, {}, 80),
            "warning  cgroup: host-1, host-2, host-3 and 6 more: none "
            "delegated\n"
            "         → set Delegate=yes\n"
            "0 problems, 9 warnings\n");
}

TEST(Doctor, FindingsAreThereForPrograms) {
  Checkup checkup = Well();
  checkup.own_version = "0.9";
  const auto json = nlohmann::json::parse(FindingsJson(Judge(checkup)));
  EXPECT_EQ(json["problems"], 0);
  EXPECT_EQ(json["warnings"], 1);
  EXPECT_EQ(json["findings"][1]["state"], "warning");
  EXPECT_THAT(json["findings"][1]["advice"].get<std::string>(),
              HasSubstr("controller's version"));
}

}  // namespace
}  // namespace fleet::cli
