// What a worker is started with, and what is said when it cannot be.
#include "node_agent/worker_launch.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "node_agent/worker_environment.h"

namespace fleet::agent {
namespace {

class WorkerLaunchTest : public ::testing::Test {
 protected:
  WorkerLaunchTest() {
    std::string name = "/tmp/fleet-launch-XXXXXX";
    folder_ = mkdtemp(name.data());
    Write("app.js", "");
    Write("run", "#!/bin/sh\n");
    chmod((folder_ + "/run").c_str(), 0755);
    WorkerLaunch::Host host;
    host.host_name = "host-1";
    host.notify_path = "/run/fleet/notify.sock";
    host.drain_preload_path = Write("drain_preload.js", "");
    host.inherited = {"PATH=/usr/bin:/bin", "LANG=C"};
    launch_ = std::make_unique<WorkerLaunch>(host);
    identity_.id = 41;
    identity_.app_uid = "uid";
    identity_.app = "web";
    identity_.slot = 2;
    identity_.generation = 9;
    spec_.name = "web";
    spec_.cwd = folder_;
    spec_.script = "app.js";
    spec_.interpreter = "node";
  }
  ~WorkerLaunchTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::string path = absl::StrCat(folder_, "/", name);
    std::ofstream(path) << text;
    return path;
  }
  absl::StatusOr<SpawnRequest> Prepare() {
    LaunchFds fds;
    fds.out = 10;
    fds.err = 11;
    fds.channel = channel_;
    fds.listen = listen_;
    return launch_->Prepare(identity_, std::make_shared<AppSpec>(spec_), fds);
  }
  void ExpectError(const std::string& part) {
    auto request = Prepare();
    ASSERT_FALSE(request.ok());
    EXPECT_TRUE(absl::StrContains(request.status().message(), part))
        << request.status();
    EXPECT_TRUE(
        absl::StrContains(request.status().message(), "app web, instance 2: "))
        << request.status();
  }

  std::string folder_;
  std::unique_ptr<WorkerLaunch> launch_;
  WorkerIdentity identity_;
  AppSpec spec_;
  int channel_ = -1;
  std::vector<LaunchFds::Listen> listen_;
};

TEST_F(WorkerLaunchTest, NodeClusterWorkerGetsItsChannelAndThePreload) {
  spec_.exec_mode = ExecMode::kCluster;
  spec_.args = {"--x"};
  spec_.interpreter_args = {"--enable-source-maps"};
  channel_ = 12;
  auto request = Prepare();
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->executable, "/usr/bin/node");
  EXPECT_EQ(request->argv,
            (std::vector<std::string>{
                "node", "--enable-source-maps", "--require",
                folder_ + "/drain_preload.js", folder_ + "/app.js", "--x"}));
  EXPECT_EQ(FindVariable(request->env, "NODE_CHANNEL_FD"), "3");
  EXPECT_EQ(FindVariable(request->env, "NODE_CHANNEL_SERIALIZATION_MODE"),
            "json");
  EXPECT_EQ(FindVariable(request->env, "NODE_UNIQUE_ID"), "41");
  EXPECT_EQ(FindVariable(request->env, "FLEET_WORKER_ID"), "41");
  EXPECT_EQ(FindVariable(request->env, "FLEET_GENERATION"), "9");
  ASSERT_EQ(request->child_fds.size(), 4U);
  EXPECT_EQ(request->child_fds[3].fd, 12);
  EXPECT_EQ(request->child_fds[3].as, 3);
  EXPECT_FALSE(request->new_session);
}

TEST_F(WorkerLaunchTest, ForkModeNodeGetsNoClusterAndNoPreload) {
  channel_ = 12;
  auto request = Prepare();
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->argv,
            (std::vector<std::string>{"node", folder_ + "/app.js"}));
  EXPECT_EQ(FindVariable(request->env, "NODE_UNIQUE_ID"), "");
}

TEST_F(WorkerLaunchTest, InheritedSocketsComeFromDescriptorThreeOn) {
  spec_.interpreter = "none";
  spec_.script = "run";
  listen_ = {{20, "tcp-3000"}, {21, "web.sock"}};
  auto request = Prepare();
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->executable, folder_ + "/run");
  EXPECT_EQ(FindVariable(request->env, "LISTEN_FDS"), "2");
  EXPECT_EQ(FindVariable(request->env, "LISTEN_FDNAMES"), "tcp-3000:web.sock");
  EXPECT_EQ(request->env.back(), "LISTEN_PID=");
  EXPECT_EQ(request->child_fds[4].fd, 21);
  EXPECT_EQ(request->child_fds[4].as, 4);
}

TEST_F(WorkerLaunchTest, ABinaryIsFoundInThePathToo) {
  spec_.interpreter = "none";
  spec_.script = "sleep";
  auto request = Prepare();
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->executable, "/usr/bin/sleep");
}

TEST_F(WorkerLaunchTest, CwdIsResolvedAnewAtEveryStart) {
  std::filesystem::create_directory(folder_ + "/v1");
  std::filesystem::create_directory(folder_ + "/v2");
  Write("v1/app.js", "");
  Write("v2/app.js", "");
  auto spec = spec_;
  spec.cwd = folder_ + "/current";
  auto shared = std::make_shared<AppSpec>(spec);
  for (const char* version : {"v1", "v2"}) {
    std::filesystem::remove(spec.cwd);
    std::filesystem::create_directory_symlink(folder_ + "/" + version,
                                              spec.cwd);
    auto request = launch_->Prepare(identity_, shared, LaunchFds());
    ASSERT_TRUE(request.ok()) << request.status();
    EXPECT_EQ(request->cwd, folder_ + "/" + version);
    EXPECT_EQ(request->argv.back(), request->cwd + "/app.js");
  }
}

TEST_F(WorkerLaunchTest, SlotsOfOneSpecDifferInTheirEnvironmentOnly) {
  spec_.instance_var = "PLACE";
  auto spec = std::make_shared<AppSpec>(spec_);
  for (int slot : {2, 3, 1}) {
    identity_.slot = slot;
    auto request = launch_->Prepare(identity_, spec, LaunchFds());
    ASSERT_TRUE(request.ok()) << request.status();
    EXPECT_TRUE(request->executable.ends_with("/node"));
    EXPECT_EQ(FindVariable(request->env, "PLACE"), absl::StrCat(slot));
    EXPECT_EQ(FindVariable(request->env, "FLEET_INSTANCE"), absl::StrCat(slot));
  }
}

TEST_F(WorkerLaunchTest, SaysWhichInterpreterIsMissingAndWhereItLooked) {
  spec_.interpreter = "python9";
  ExpectError("interpreter \"python9\" not found in PATH=/usr/bin:/bin");
}

TEST_F(WorkerLaunchTest, SaysWhichScriptIsMissing) {
  spec_.script = "nope.js";
  ExpectError("script \"nope.js\" not found: there is no file " + folder_ +
              "/nope.js");
}

TEST_F(WorkerLaunchTest, SaysThatAScriptIsNotExecutable) {
  spec_.interpreter = "none";
  ExpectError("is not executable");
}

TEST_F(WorkerLaunchTest, SaysWhichFolderIsMissing) {
  spec_.cwd = folder_ + "/nowhere";
  ExpectError("cwd " + folder_ + "/nowhere: ");
}

TEST_F(WorkerLaunchTest, SaysWhichUserOrGroupIsMissing) {
  spec_.user = "no-such-user";
  ExpectError("user \"no-such-user\" does not exist on this host");
  spec_.user = "";
  spec_.group = "no-such-group";
  ExpectError("group \"no-such-group\" does not exist on this host");
}

TEST_F(WorkerLaunchTest, AnotherUserNeedsRootAndGetsItsOwnHome) {
  spec_.user = "nobody";
  auto request = Prepare();
  if (geteuid() != 0) {
    EXPECT_TRUE(absl::StrContains(request.status().message(), "run the agent"));
    return;
  }
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_TRUE(request->set_ids);
  EXPECT_EQ(FindVariable(request->env, "USER"), "nobody");
  EXPECT_EQ(FindVariable(request->env, "HOME"), "/nonexistent");
}

TEST(WorkerEnvironmentTest, OfTheAgentsOnlyWhatIsNamed) {
  AppSpec spec;
  spec.name = "web";
  spec.env = {{"LANG", "de"}, {"A", "1"}, {"N", "10"}};
  spec.increment_var = "N";
  spec.port = 3000;
  EnvironmentInput input;
  input.inherited = {"PATH=/bin", "LANG=C"};
  input.user.name = "u";
  input.user.home = "/home/u";
  input.user.shell = "/bin/sh";
  input.host_name = "h";
  input.notify_path = "/n";
  input.slot = 3;
  EXPECT_EQ(MakeWorkerEnvironment(spec, input),
            (std::vector<std::string>{
                "A=1", "FLEET_APP=web", "FLEET_HOST=h", "FLEET_INSTANCE=3",
                "HOME=/home/u", "LANG=de", "LOGNAME=u", "N=13",
                "NODE_APP_INSTANCE=3", "NOTIFY_SOCKET=/n", "PATH=/bin",
                "PORT=3000", "SHELL=/bin/sh", "USER=u"}));
}

TEST(WorkerEnvironmentTest, PortMayRiseWithTheInstance) {
  AppSpec spec;
  spec.port = 3000;
  spec.increment_var = "PORT";
  EnvironmentInput input;
  input.slot = 2;
  EXPECT_EQ(FindVariable(MakeWorkerEnvironment(spec, input), "PORT"), "3002");
}

}  // namespace
}  // namespace fleet::agent
