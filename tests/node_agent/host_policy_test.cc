// What a host lets apps do: the file, and what is refused by it.
#include "node_agent/host_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"
#include "proto/rpc/whole_file.h"

namespace fleet::agent {
namespace {

using testing::HasSubstr;

std::string OwnName() {
  const passwd* own = getpwuid(geteuid());
  return own == nullptr ? absl::StrCat(geteuid()) : own->pw_name;
}

class HostPolicyTest : public ::testing::Test {
 protected:
  HostPolicyTest() {
    folder_ = mkdtemp(pattern_.data());
    std::filesystem::create_directories(folder_ + "/apps/v1");
    std::filesystem::create_directories(folder_ + "/apps-2");
    for (const char* name : {"apps/v1/app.js", "apps-2/app.js", "out.js"}) {
      std::ofstream(absl::StrCat(folder_, "/", name)) << "#!/bin/sh\n";
      chmod(absl::StrCat(folder_, "/", name).c_str(), 0755);
    }
    std::filesystem::create_symlink("v1", folder_ + "/apps/current");
    std::filesystem::create_symlink("../out.js", folder_ + "/apps/way-out.js");
    spec_.name = "web";
    spec_.cwd = folder_ + "/apps/current";
    spec_.script = "app.js";
    spec_.interpreter = "/bin/sh";
  }
  ~HostPolicyTest() override { std::filesystem::remove_all(folder_); }

  absl::StatusOr<HostPolicy> Read(const std::string& text) {
    const std::string path = folder_ + "/policy.yaml";
    EXPECT_TRUE(ReplaceFile(path, text, 0600).ok());
    return HostPolicy::Read(path);
  }
  HostPolicy Folders() {
    return *Read(absl::StrCat("directories: [", folder_,
                              "/apps]\nprograms: [/bin/sh]\n"));
  }
  std::string Why(const HostPolicy& policy, bool hooks = false) {
    const absl::Status status = policy.CheckSpec(spec_, hooks);
    if (status.ok()) return "";
    EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
    EXPECT_EQ(ReasonOf(status).reason, "HOST_POLICY");
    return std::string(status.message());
  }

  std::string pattern_ = "/tmp/fleet-host-policy-XXXXXX";
  std::string folder_;
  AppSpec spec_;
};

TEST_F(HostPolicyTest, WhatIsLeftOutIsNotLimited) {
  const HostPolicy policy = *Read("no_new_privileges: false\n");
  spec_.script = "/etc/passwd";
  spec_.cwd = "/";
  EXPECT_EQ(Why(policy, true), "");
  EXPECT_EQ(policy.Describe(), "everything");
}

TEST_F(HostPolicyTest, UsersAreThoseThatTheKernelWillSee) {
  EXPECT_EQ(Why(*Read(absl::StrCat("users: [", OwnName(), "]"))), "");
  EXPECT_EQ(Why(*Read("users: ['*']")), "");
  EXPECT_THAT(Why(*Read("users: [somebody, app-*]")),
              HasSubstr(absl::StrCat("apps may run as somebody, app-*, not as ",
                                     OwnName(), ", which the agent runs as")));
  EXPECT_THAT(Why(*Read("users: []")), HasSubstr("apps may run as none"));
  // By its number it is the same user.
  spec_.user = absl::StrCat(geteuid());
  EXPECT_EQ(Why(*Read(absl::StrCat("users: [", OwnName(), "]"))), "");
  EXPECT_NE(Why(*Read("users: [somebody]")), "");
  if (geteuid() != 0) return;
  spec_.user = "nobody";
  EXPECT_EQ(Why(*Read("users: [nobody]")), "");
  EXPECT_NE(Why(*Read("users: [root]")), "");
  spec_.group = "0";
  EXPECT_THAT(Why(*Read("groups: [video]")), HasSubstr("not root"));
  EXPECT_EQ(Why(*Read("groups: [root]")), "");
  // Who says nothing of groups has not said that root's will do.
  EXPECT_THAT(Why(*Read("users: [nobody]")),
              HasSubstr("the groups none beside their users' own, not root"));
  EXPECT_EQ(Why(*Read("users: [nobody]\ngroups: ['*']")), "");
  spec_.group = absl::StrCat(getpwnam("nobody")->pw_gid);
  EXPECT_EQ(Why(*Read("users: [nobody]")), "");
  EXPECT_EQ(Why(*Read("groups: [video]")), "");
}

TEST_F(HostPolicyTest, ProgramsComeFromItsDirectories) {
  const HostPolicy policy = Folders();
  EXPECT_EQ(Why(policy), "");
  spec_.interpreter = "/bin/cat";
  EXPECT_THAT(Why(policy), HasSubstr("interpreter /bin/cat is neither one of"));
  spec_.interpreter = "sh";  // Found along PATH, and the same file.
  EXPECT_EQ(Why(policy), "");
  spec_.interpreter = "none";
  EXPECT_EQ(Why(policy), "");
  for (const char* script : {"../../apps-2/app.js", "../way-out.js"}) {
    spec_.script = script;
    EXPECT_NE(Why(policy), "") << script;
  }
  spec_.interpreter = "/bin/sh";
  for (const char* script :
       {"../../apps-2/app.js", "../way-out.js", "/etc/passwd", "no/such.js"}) {
    spec_.script = script;
    EXPECT_EQ(Why(policy) == "", std::string(script) == "no/such.js") << script;
  }
  spec_.script = "app.js";
  spec_.cwd = folder_ + "/apps-2";
  EXPECT_THAT(Why(policy), HasSubstr("cwd"));
}

TEST_F(HostPolicyTest, WhatTheAgentTouchesForAnAppIsInItsDirectories) {
  const HostPolicy policy = Folders();
  const auto refused = [&](const char* what) {
    const std::string why = Why(policy);
    EXPECT_THAT(why, HasSubstr(what));
    spec_.logs = {};
    spec_.pid_file.clear();
    spec_.env_files.clear();
    spec_.listen.clear();
    spec_.readiness.exec.reset();
    EXPECT_EQ(Why(policy), "");
  };
  spec_.logs.out_file = "/etc/cron.d/web";
  refused("out_file /etc/cron.d/web");
  spec_.logs.error_file = folder_ + "/apps/../../err.log";
  refused("error_file");
  spec_.logs.log_file = "/var/log/web.log";
  refused("log_file");
  spec_.pid_file = "/run/web.pid";
  refused("pid_file");
  spec_.env_files = {"-/etc/shadow"};
  refused("env_file /etc/shadow");
  spec_.listen = {"unix:///run/other.sock"};
  refused("listen /run/other.sock");
  ExecProbe probe;
  probe.command = {"/bin/cat"};
  spec_.readiness.exec = probe;
  refused("probe /bin/cat");
  // What is within is allowed.
  spec_.logs.out_file = folder_ + "/apps/out.log";
  spec_.logs.log_file = kAutoLogFile;
  spec_.env_files = {".env"};
  spec_.listen = {"tcp://0.0.0.0:80",
                  absl::StrCat("unix://", folder_, "/apps/s.sock")};
  EXPECT_EQ(Why(policy), "");
}

TEST_F(HostPolicyTest, HooksNeedTheirShell) {
  EXPECT_EQ(Why(Folders(), true), "");
  const HostPolicy policy =
      *Read(absl::StrCat("directories: [", folder_, "/apps]\n"));
  EXPECT_THAT(Why(policy, true), HasSubstr("the hooks' shell"));
}

TEST_F(HostPolicyTest, CapabilitiesAreNamedAndWithinTheLimit) {
  const HostPolicy some = *Read("capabilities: [CAP_NET_BIND_SERVICE]");
  const HostPolicy none = *Read("capabilities: []");
  if (geteuid() == 0) {
    EXPECT_THAT(Why(some), HasSubstr("root has all of them"));
    spec_.user = "nobody";
  }
  EXPECT_EQ(Why(some), "");
  EXPECT_EQ(Why(none), "");
  spec_.hardening.capabilities =
      std::vector<std::string>{"CAP_NET_BIND_SERVICE"};
  EXPECT_EQ(Why(some), "");
  EXPECT_THAT(Why(none), HasSubstr("capabilities none, not CAP_NET_BIND"));
  spec_.hardening.capabilities =
      std::vector<std::string>{"CAP_NET_BIND_SERVICE", "CAP_SYS_ADMIN"};
  EXPECT_THAT(Why(some), HasSubstr("not CAP_SYS_ADMIN"));
  EXPECT_THAT(Why(*Read("no_new_privileges: true")),
              HasSubstr("no_new_privileges: true"));
  spec_.hardening.no_new_privileges = true;
  EXPECT_EQ(Why(*Read("no_new_privileges: true")), "");
}

// Hooks and probes' commands have what the app has, and no more.
TEST_F(HostPolicyTest, CommandsAreBoundAsTheirAppIs) {
  const HostPolicy strict = *Read("no_new_privileges: true\ncapabilities: []");
  ExecProbe probe;
  probe.command = {"/bin/true"};
  spec_.readiness.exec = probe;
  EXPECT_NE(Why(strict, true), "");
  spec_.hardening.no_new_privileges = true;
  spec_.hardening.capabilities = std::vector<std::string>();
  EXPECT_EQ(Why(strict, true), "");
  const WorkerUser user = *ResolveWorkerUser("", "");
  EXPECT_TRUE(strict.CheckLaunch(spec_, user, {"/bin/sh", "", "/"}).ok());
}

TEST_F(HostPolicyTest, EachLaunchIsLookedAtAnew) {
  const HostPolicy policy = Folders();
  const WorkerUser user = *ResolveWorkerUser("", "");
  HostPolicy::Launch launch{"/bin/sh", folder_ + "/apps/current/app.js",
                            folder_ + "/apps/v1"};
  EXPECT_TRUE(policy.CheckLaunch(spec_, user, launch).ok());
  // `current` has moved out of the allowed folders meanwhile.
  std::filesystem::remove(folder_ + "/apps/current");
  std::filesystem::create_symlink("../apps-2", folder_ + "/apps/current");
  EXPECT_TRUE(
      absl::IsPermissionDenied(policy.CheckLaunch(spec_, user, launch)));
}

TEST_F(HostPolicyTest, ABrokenFileIsAnErrorThatNamesThePlace) {
  const struct {
    const char* text;
    const char* error;
  } kCases[] = {
      {"user: [www]", "policy.yaml:1:1: user: there is no such setting"},
      {"users: {a: b}", "users: must be a list"},
      {"directories: [srv]", "srv is not an absolute path"},
      {"programs: [/usr/bin/node]", "name directories, too"},
      {"capabilities: [CAP_EVERYTHING]", "CAP_EVERYTHING is no capability"},
      {"no_new_privileges: maybe", "must be true or false"},
      {"", "is empty"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(std::string(Read(c.text).status().message()),
                HasSubstr(c.error))
        << c.text;
  }
  EXPECT_FALSE(HostPolicy::Read(folder_ + "/none.yaml").ok());
}

}  // namespace
}  // namespace fleet::agent
