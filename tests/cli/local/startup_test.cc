#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "absl/strings/str_join.h"
#include "cli/local/startup_machine.h"
#include "tests/cli/spec_file/temp_folder.h"

namespace fleet::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class FakeMachine : public StartupMachine {
 public:
  bool has_systemd() const override { return systemd; }
  std::optional<std::string> Read(const std::string& path) const override {
    const auto found = files.find(path);
    if (found == files.end()) return std::nullopt;
    return found->second;
  }
  absl::Status Write(const std::string& path,
                     const std::string& text) override {
    done.push_back("write " + path);
    files[path] = text;
    return absl::OkStatus();
  }
  absl::Status Remove(const std::string& path) override {
    done.push_back("remove " + path);
    files.erase(path);
    return absl::OkStatus();
  }
  absl::Status Run(const std::vector<std::string>& command) override {
    done.push_back(absl::StrJoin(command, " "));
    return done.back() == fails ? absl::FailedPreconditionError("no")
                                : absl::OkStatus();
  }

  bool systemd = true;
  std::string fails;
  std::map<std::string, std::string> files;
  std::vector<std::string> done;
};

StartupFacts Ann() {
  StartupFacts facts;
  facts.user = "ann";
  facts.home = "/home/ann";
  facts.path = "/home/ann/100%/bin:/usr/bin";
  facts.programs = "/opt/fleet/bin";
  return facts;
}

StartupFacts Root() {
  StartupFacts facts = Ann();
  facts.root = true;
  facts.user = "root";
  facts.home = "/root";
  return facts;
}

TEST(Startup, AUsersFleetComesUpAtBoot) {
  FakeMachine machine;
  const auto plan = PlanStartup(StartupKind::kUserFleet, Ann());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(CarryOut(*plan, machine).ok());
  EXPECT_THAT(machine.done,
              ElementsAre("write /home/ann/.config/systemd/user/fleet.service",
                          "loginctl enable-linger ann",
                          "systemctl --user daemon-reload",
                          "systemctl --user enable --now fleet.service"));
  const std::string unit =
      machine.files["/home/ann/.config/systemd/user/fleet.service"];
  EXPECT_THAT(unit, HasSubstr("ExecStart=/opt/fleet/bin/fleetctl up\n"));
  EXPECT_THAT(unit, HasSubstr("WantedBy=default.target\n"));
  // Workers find what they find now, as node from a folder of one's own.
  EXPECT_THAT(unit,
              HasSubstr("Environment=\"PATH=/home/ann/100%%/bin:/usr/bin\"\n"));
  EXPECT_THAT(unit, Not(HasSubstr("network-online.target")));
  EXPECT_THAT(PlanStartup(StartupKind::kUserFleet, Root())->files[0].text,
              HasSubstr("After=network-online.target\n"));
  StartupFacts lingers = Ann();
  lingers.lingers = true;
  EXPECT_EQ(PlanStartup(StartupKind::kUserFleet, lingers)->commands.size(), 2U);
}

TEST(Startup, WhoMayNotLingerIsToldWhatToDo) {
  FakeMachine machine;
  machine.fails = "loginctl enable-linger ann";
  const auto said =
      CarryOut(*PlanStartup(StartupKind::kUserFleet, Ann()), machine);
  EXPECT_THAT(std::string(said.status().message()),
              HasSubstr("sudo loginctl enable-linger ann"));
  EXPECT_EQ(machine.done.back(), machine.fails);
}

TEST(Startup, AnAgentIsTakenBackWithWhatItsUnitDoesNotReach) {
  const auto plan = PlanUnstartup(StartupKind::kAgent, Root());
  EXPECT_EQ(absl::StrJoin(plan->commands[1], " "),
            "/opt/fleet/bin/fleet-keeper --stop-rest --state-dir "
            "/var/lib/fleet/agent -- /opt/fleet/bin/fleet-agent --state-dir "
            "/var/lib/fleet/agent");
}

TEST(Startup, TwiceChangesNothing) {
  FakeMachine machine;
  const auto plan = PlanStartup(StartupKind::kUserFleet, Root());
  ASSERT_TRUE(CarryOut(*plan, machine).ok());
  machine.done.clear();
  const auto again = CarryOut(*plan, machine);
  EXPECT_THAT(*again, HasSubstr("nothing had to be changed"));
  EXPECT_THAT(machine.done, Not(testing::Contains(HasSubstr("write"))));
}

TEST(Startup, AnAgentNeedsRootAndAController) {
  EXPECT_THAT(
      std::string(PlanStartup(StartupKind::kAgent, Ann()).status().message()),
      HasSubstr("sudo"));
  EXPECT_THAT(
      std::string(PlanStartup(StartupKind::kAgent, Root()).status().message()),
      HasSubstr("--controller"));
  StartupFacts facts = Root();
  facts.controller = "controller.example:7000";
  FakeMachine machine;
  const auto plan = PlanStartup(StartupKind::kAgent, facts);
  ASSERT_TRUE(CarryOut(*plan, machine).ok());
  EXPECT_EQ(machine.files["/etc/fleet/agent.env"],
            "FLEET_AGENT_FLAGS=--controller controller.example:7000\n");
  const std::string unit =
      machine.files["/etc/systemd/system/fleet-agent.service"];
  EXPECT_THAT(unit, HasSubstr("ExecStart=/opt/fleet/bin/fleet-keeper --wait"));
  EXPECT_THAT(unit, HasSubstr("    /opt/fleet/bin/fleet-agent --state-dir"));
  EXPECT_THAT(unit, HasSubstr("KillMode=process"));
  // Settings that are there already stay as they are.
  StartupFacts again = Root();
  again.has_agent_settings = true;
  EXPECT_EQ(PlanStartup(StartupKind::kAgent, again)->files.size(), 1U);
}

TEST(Startup, AControllerGetsItsUser) {
  StartupFacts facts = Root();
  EXPECT_EQ(PlanStartup(StartupKind::kController, facts)->commands[0][0],
            "useradd");
  facts.has_fleet_user = true;
  EXPECT_EQ(PlanStartup(StartupKind::kController, facts)->commands[0][0],
            "systemctl");
}

TEST(Startup, WithoutSystemdNothingIsTouched) {
  FakeMachine machine;
  machine.systemd = false;
  const auto plan = PlanStartup(StartupKind::kUserFleet, Ann());
  const auto said = CarryOut(*plan, machine);
  EXPECT_EQ(said.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(said.status().message()), HasSubstr("--dry-run"));
  EXPECT_THAT(machine.done, IsEmpty());
  EXPECT_THAT(PlanText(*plan, false),
              HasSubstr("# /home/ann/.config/systemd/user/fleet.service\n"));
}

TEST(Startup, AStepThatFailsIsTheError) {
  FakeMachine machine;
  machine.fails = "systemctl --user enable --now fleet.service";
  const auto plan = PlanStartup(StartupKind::kUserFleet, Ann());
  EXPECT_FALSE(CarryOut(*plan, machine).ok());
  EXPECT_EQ(machine.done.back(), machine.fails);
}

TEST(Startup, UnstartupTakesItBack) {
  FakeMachine machine;
  const auto plan = PlanUnstartup(StartupKind::kUserFleet, Ann());
  EXPECT_THAT(*TakeBack(*plan, machine), HasSubstr("is not installed"));
  EXPECT_THAT(machine.done, IsEmpty());
  ASSERT_TRUE(
      CarryOut(*PlanStartup(StartupKind::kUserFleet, Ann()), machine).ok());
  machine.done.clear();
  EXPECT_TRUE(TakeBack(*plan, machine).ok());
  EXPECT_THAT(machine.done,
              ElementsAre("systemctl --user disable --now fleet.service",
                          "remove /home/ann/.config/systemd/user/fleet.service",
                          "systemctl --user daemon-reload"));
  EXPECT_THAT(machine.files, IsEmpty());
}

TEST(Startup, Words) {
  EXPECT_EQ(*ParseStartupKind(""), StartupKind::kUserFleet);
  EXPECT_EQ(*ParseStartupKind("systemd"), StartupKind::kUserFleet);
  EXPECT_EQ(*ParseStartupKind("agent"), StartupKind::kAgent);
  EXPECT_FALSE(ParseStartupKind("upstart").ok());
}

// The real files and processes, once.
TEST(StartupMachine, WritesReadsRemovesAndRuns) {
  TempFolder folder;
  const std::string path = folder.Write("keep", "") + ".d/units/a.service";
  RealStartupMachine machine;
  EXPECT_FALSE(machine.Read(path).has_value());
  EXPECT_TRUE(machine.Remove(path).ok());
  ASSERT_TRUE(machine.Write(path, "text\n").ok());
  EXPECT_EQ(machine.Read(path), "text\n");
  EXPECT_TRUE(machine.Remove(path).ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(machine.Run({"true"}).ok());
  EXPECT_THAT(std::string(machine.Run({"false"}).message()),
              HasSubstr("false failed with exit code 1"));
  EXPECT_FALSE(machine.Run({"no-such-program-here"}).ok());
}

}  // namespace
}  // namespace fleet::cli
