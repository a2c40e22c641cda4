// Which hosts a rollout works on, and what it does without those that are away.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <sstream>

#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class HostOrder : public testing::Test {
 protected:
  HostOrder() {
    mkdir(Stamps().c_str(), 0755);
    // Ready when it has written.
    script_ = fleet_.WriteApp(
        "stamp.py",
        "import os, socket, time\n"
        "with open('" +
            Stamps() +
            "/' + os.environ['FLEET_HOST'], 'a') as file:\n"
            "    file.write('%d\\n' % time.time_ns())\n"
            "agent = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
            "agent.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])\n"
            "time.sleep(1000)\n");
    for (int host : {1, 2, 3, 4}) {
      fleet_.MustCtl({"hosts", "label", fleet_.HostName(host),
                      host % 2 == 1 ? "room=a" : "room=b"});
    }
  }
  std::string Stamps() const { return fleet_.dir() + "/stamps"; }

  // When the newest worker there began.
  int64_t Began(int host) const {
    std::istringstream file(ReadFile(Stamps() + "/" + fleet_.HostName(host)));
    int64_t newest = 0;
    for (int64_t nanos = 0; file >> nanos;) newest = nanos;
    return newest;
  }
  CommandResult Apply(const std::string& version, const std::string& rollout) {
    return fleet_.Ctl(
        {"apply", "--yes",
         fleet_.WriteApp("fleet.yaml",
                         "apps:\n  - {name: web, script: " + script_ +
                             ", readiness: {notify: true}, env: {VERSION: '" +
                             version + "'}, rollout: {min_ready_time: 0s, " +
                             rollout + "}}\n")});
  }
  void ExpectFirst(int a, int b, int c, int d) {
    EXPECT_LT(std::max(Began(a), Began(b)), std::min(Began(c), Began(d)));
  }

  TestFleet fleet_{{.hosts = 4}};
  std::string script_;
};

TEST_F(HostOrder, OneZoneAtATimeAndHostsThatAreAwayAreLeftOutIfTheyMayBe) {
  const std::string zones =
      "order: zone, zone_label: room, max_parallel: 4, max_unavailable: 4";
  CommandResult first = Apply("1", zones);
  ASSERT_EQ(first.exit_code, 0) << first.out << first.err;
  CommandResult second = Apply("2", zones);
  ASSERT_EQ(second.exit_code, 0) << second.out << second.err;
  ExpectFirst(1, 3, 2, 4);
  // By name, and two at once.
  CommandResult third = Apply("3", "order: name, max_parallel: 2");
  ASSERT_EQ(third.exit_code, 0) << third.out << third.err;
  EXPECT_LT(std::min(Began(1), Began(2)), std::min(Began(3), Began(4)));

  fleet_.StopHost(4);
  ASSERT_TRUE(fleet_.Eventually([&] {
    return Contains(fleet_.Ctl({"hosts", "-o", "json"}).out,
                    "HOST_STATE_DISCONNECTED");
  }));
  // One of four may be away, unless that is taken for a failure.
  CommandResult skipped = Apply("4", "order: name");
  EXPECT_EQ(skipped.exit_code, 0) << skipped.out << skipped.err;
  EXPECT_TRUE(Contains(skipped.out + skipped.err, "host-4"))
      << skipped.out << skipped.err;
  for (const char* none : {"unreachable: fail", "max_skipped: 0"}) {
    const int64_t before = Began(4);
    CommandResult failed =
        Apply(none, std::string("order: name, on_failure: abort, ") + none);
    EXPECT_NE(failed.exit_code, 0) << none << failed.out;
    EXPECT_TRUE(Contains(failed.out + failed.err, "host-4 is not connected"))
        << failed.out << failed.err;
    EXPECT_EQ(Began(4), before);
  }
}

}  // namespace
}  // namespace fleet::e2e
