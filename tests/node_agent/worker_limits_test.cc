// Limits and hardening: what enforces them, and what a process starts with.
#include "node_agent/worker_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "node_agent/cgroup_place.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

AppSpec Everything() {
  AppSpec spec;
  spec.limits.memory_max_bytes = 300 << 20;
  spec.limits.memory_high_bytes = 200 << 20;
  spec.limits.cpu_cores = 1.5;
  spec.limits.pids = 50;
  spec.limits.nofile = 4096;
  spec.limits.core_bytes = -1;
  spec.limits.nice = 5;
  spec.limits.umask = 027;
  spec.limits.oom_score_adj = -100;
  spec.hardening.no_new_privileges = true;
  spec.hardening.capabilities = {"CAP_NET_BIND_SERVICE"};
  spec.hardening.read_only_paths = {"/etc", "/usr"};
  spec.hardening.private_tmp = true;
  return spec;
}

std::vector<std::string> Described(const AppSpec& spec,
                                   const LimitGround& ground) {
  std::vector<std::string> lines;
  for (const LimitNote& note : DescribeLimits(spec, ground)) {
    lines.push_back(absl::StrCat(
        note.limit, ": ", note.enforced_by.empty() ? "NOT" : note.enforced_by));
  }
  return lines;
}

TEST(WorkerLimits, AskingForNothingCostsNothing) {
  EXPECT_FALSE(HasLimits(AppSpec()));
  EXPECT_THAT(DescribeLimits(AppSpec(), {}), IsEmpty());
  EXPECT_TRUE(HasLimits(Everything()));
  AppSpec only_umask;
  only_umask.limits.umask = 0;
  EXPECT_TRUE(HasLimits(only_umask));
  EXPECT_FALSE(WantsCgroup(only_umask.limits));
}

TEST(WorkerLimits, RightsAreWhatAHookHasOfThem) {
  EXPECT_THAT(Described(RightsOf(Everything()), {.root = true}),
              ElementsAre("umask 027: process", "no_new_privileges: process",
                          "capabilities CAP_NET_BIND_SERVICE: process"));
}

TEST(WorkerLimits, WhatEnforcesThemWhereThereIsCgroupV2) {
  EXPECT_THAT(Described(Everything(), {2, 2, 2, true, false}),
              ElementsAre("memory_max 300 MB: cgroup v2",
                          "memory_high 200 MB: cgroup v2", "cpu 1.5: cgroup v2",
                          "pids 50: cgroup v2", "nofile 4096: rlimit",
                          "core unlimited: rlimit", "nice 5: process",
                          "umask 027: process", "oom_score_adj -100: process",
                          "no_new_privileges: process",
                          "capabilities CAP_NET_BIND_SERVICE: process",
                          "read_only_paths /etc,/usr: mount namespace",
                          "private_tmp: mount namespace"));
}

TEST(WorkerLimits, WithoutCgroupsRlimitsStandInWhereTheyCan) {
  AppSpec spec = Everything();
  EXPECT_THAT(
      Described(spec, {0, 0, 0, false, true}),
      ElementsAre("memory_max 300 MB: rlimit", "memory_high 200 MB: NOT",
                  "cpu 1.5: NOT", "pids 50: rlimit", "nofile 4096: rlimit",
                  "core unlimited: rlimit", "nice 5: process",
                  "umask 027: process", "oom_score_adj -100: process",
                  "no_new_privileges: process",
                  "capabilities CAP_NET_BIND_SERVICE: NOT",
                  "read_only_paths /etc,/usr: NOT", "private_tmp: NOT"));
  // Root's processes are all of the system's.
  EXPECT_EQ(Described(spec, {0, 0, 0, true, false})[3], "pids 50: NOT");
  for (const LimitNote& note : DescribeLimits(spec, {})) {
    EXPECT_TRUE(!note.enforced_by.empty() || !note.note.empty()) << note.limit;
  }
}

TEST(WorkerLimits, WhatAProcessStartsWith) {
  Confinement with = MakeConfinement(Everything(), {1, 1, 1, true, true});
  EXPECT_THAT(with.rlimits,
              ElementsAre(Confinement::Rlimit{RLIMIT_NOFILE, 4096, 4096},
                          Confinement::Rlimit{RLIMIT_CORE, RLIM_INFINITY,
                                              RLIM_INFINITY}));
  EXPECT_EQ(with.nice, 5);
  EXPECT_EQ(with.umask, 027u);
  EXPECT_EQ(with.oom_score_adj, -100);
  EXPECT_EQ(with.capabilities, uint64_t{1} << 10);
  EXPECT_TRUE(with.no_new_privileges);
  EXPECT_TRUE(with.private_tmp);
  EXPECT_THAT(with.read_only_paths, ElementsAre("/etc", "/usr"));
  Confinement without = MakeConfinement(Everything(), {0, 0, 0, true, true});
  EXPECT_THAT(
      std::vector(without.rlimits.begin(), without.rlimits.begin() + 2),
      ElementsAre(Confinement::Rlimit{RLIMIT_DATA, 300 << 20, 300 << 20},
                  Confinement::Rlimit{RLIMIT_NPROC, 50, 50}));
}

TEST(WorkerLimits, WhatHasSecretsLeavesNoCoreFileUnlessItAsksForOne) {
  AppSpec spec;
  spec.secrets["DB_PASSWORD"] = "db-password";
  EXPECT_TRUE(HasLimits(spec));
  EXPECT_FALSE(WantsCgroup(spec.limits));
  const Confinement::Rlimit none{RLIMIT_CORE, 0, 0};
  EXPECT_THAT(MakeConfinement(spec, {}).rlimits, ElementsAre(none));
  EXPECT_THAT(MakeConfinement(RightsOf(spec), {}).rlimits, ElementsAre(none));
  const std::vector<LimitNote> notes = DescribeLimits(spec, {});
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0].limit, "core 0 B");
  EXPECT_THAT(notes[0].note, HasSubstr("secrets"));

  spec.limits.core_bytes = 1 << 20;
  const Confinement::Rlimit asked{RLIMIT_CORE, 1 << 20, 1 << 20};
  EXPECT_THAT(MakeConfinement(spec, {}).rlimits, ElementsAre(asked));
  EXPECT_THAT(MakeConfinement(RightsOf(spec), {}).rlimits, ElementsAre(asked));
  EXPECT_EQ(DescribeLimits(spec, {})[0].note, "");
  spec.secrets.clear();
  EXPECT_THAT(MakeConfinement(RightsOf(spec), {}).rlimits, IsEmpty());
}

TEST(WorkerLimits, HardeningThatCannotBeHadStopsTheStart) {
  AppSpec spec = Everything();
  LimitGround root{0, 0, 0, true, false};
  EXPECT_TRUE(CheckHardening(spec, root, "/var/lib/fleet/run").ok());
  absl::Status hidden = CheckHardening(spec, root, "/tmp/state/run");
  EXPECT_THAT(std::string(hidden.message()), HasSubstr("/tmp/state/run"));
  absl::Status refused = CheckHardening(spec, {}, "/run/user/1");
  EXPECT_TRUE(absl::IsPermissionDenied(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("run it so"));
  AppSpec mild;
  mild.hardening.no_new_privileges = true;
  EXPECT_TRUE(CheckHardening(mild, {}, "/tmp/state/run").ok());
}

std::vector<std::string> Controllers(const std::string& folder) {
  if (folder == "/sys/fs/cgroup/system.slice/fleet.service") {
    return {"cpu", "memory", "pids"};
  }
  return {};
}

TEST(CgroupPlaces, OfASystemdServiceOnV2) {
  std::string mounts =
      "25 23 0:22 / /sys rw - sysfs sysfs rw\n"
      "30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";
  CgroupPlace own{2, "/sys/fs/cgroup/system.slice/fleet.service"};
  for (const char* self : {"0::/system.slice/fleet.service\n",
                           "0::/system.slice/fleet.service/fleet-main\n"}) {
    EXPECT_EQ(FindCgroupPlaces(self, mounts, &Controllers),
              (std::map<std::string, CgroupPlace>{
                  {"", own}, {"cpu", own}, {"memory", own}, {"pids", own}}));
  }
}

TEST(CgroupPlaces, OfV1WithAnEmptyV2BesideIt) {
  std::string mounts =
      "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup "
      "rw,cpu,cpuacct\n"
      "35 31 0:32 /docker/7 /sys/fs/cgroup/memory rw - cgroup cgroup "
      "rw,memory\n"
      "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup "
      "rw,name=systemd\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
  std::string self =
      "5:memory:/docker/7/app\n"
      "3:cpu,cpuacct:/\n"
      "2:pids:/\n"
      "1:name=systemd:/\n"
      "0::/\n";
  auto places = FindCgroupPlaces(self, mounts, &Controllers);
  EXPECT_EQ(places["memory"], (CgroupPlace{1, "/sys/fs/cgroup/memory/app"}));
  EXPECT_EQ(places["cpu"], (CgroupPlace{1, "/sys/fs/cgroup/cpu,cpuacct"}));
  EXPECT_EQ(places["cpuacct"], places["cpu"]);
  EXPECT_EQ(places[""], (CgroupPlace{2, "/sys/fs/cgroup/unified"}));
  EXPECT_FALSE(places.contains("pids"));  // Not mounted.
}

TEST(CgroupPlaces, WhatIsNotSeenHereIsNowhere) {
  std::string mounts =
      "35 31 0:32 /docker/7 /sys/fs/cgroup/memory rw - cgroup cgroup "
      "rw,memory\n";
  EXPECT_THAT(FindCgroupPlaces("5:memory:/docker/8\n", mounts, &Controllers),
              IsEmpty());
  EXPECT_THAT(FindCgroupPlaces("", "", &Controllers), IsEmpty());
  EXPECT_THAT(FindCgroupPlaces("nonsense", "a - b", &Controllers), IsEmpty());
}

}  // namespace
}  // namespace fleet::agent
