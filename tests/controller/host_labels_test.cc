#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/rpc/proto_time.h"
#include "tests/controller/fleet_scene.h"

namespace fleet::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class HostLabelsTest : public testing::Test {
 protected:
  HostLabelsTest() : one_(scene_, "host-1", "uid-1") {
    (*one_.hello.mutable_host()->mutable_labels())["zone"] = "a";
    one_.Connect();
    one_.AckAll();
  }

  absl::Status Set(const HostLabels& labels,
                   const std::vector<std::string>& remove = {}) {
    absl::Status status = scene_.core().SetHostLabels("host-1", labels, remove);
    scene_.Run();
    return status;
  }
  const HostLabels& Labels() {
    return scene_.core().hosts.Find("host-1")->record.labels;
  }

  FleetScene scene_;
  FakeAgent one_;
};

TEST_F(HostLabelsTest, AssignedOnesStandOverTheAgentsAndOutliveBothPrograms) {
  ASSERT_TRUE(Set({{"zone", "b"}, {"role", "web"}}).ok());
  const auto both = ElementsAre(Pair("role", "web"), Pair("zone", "b"));
  EXPECT_THAT(Labels(), both);
  one_.Connect();
  EXPECT_THAT(Labels(), both);
  one_.Disconnect();
  scene_.Restart();
  EXPECT_THAT(Labels(), both);
  one_.Connect();
  EXPECT_THAT(Labels(), both);
  ASSERT_TRUE(Set({}, {"zone", "role"}).ok());
  EXPECT_THAT(Labels(), ElementsAre(Pair("zone", "a")));
}

TEST_F(HostLabelsTest, WhatIsNotALabelOrNotAssignedIsRefused) {
  EXPECT_THAT(std::string(Set({}, {"zone"}).message()),
              HasSubstr("its agent's own"));
  EXPECT_THAT(std::string(Set({}, {"rack"}).message()),
              HasSubstr("no label of it"));
  EXPECT_FALSE(Set({{"a b", "c"}}).ok());
  EXPECT_FALSE(Set({{"a", ""}}).ok());
  HostLabels many;
  for (int i = 0; i < 64; ++i) many[absl::StrCat("k", i)] = "v";
  EXPECT_THAT(std::string(Set(many).message()), HasSubstr("at most 64"));
  EXPECT_EQ(scene_.core().SetHostLabels("host-9", {}, {}).code(),
            absl::StatusCode::kNotFound);
  EXPECT_THAT(Labels(), ElementsAre(Pair("zone", "a")));
}

TEST_F(HostLabelsTest, AppsThatMatchFromNowOnArePlaced) {
  auto other = scene_.Agent("host-2");
  ASSERT_TRUE(
      scene_.core().SetHostLabels("host-2", {{"role", "web"}}, {}).ok());
  AppSpec spec = SpecOf("web");
  spec.hosts = "role=web";
  scene_.Apply(spec);
  other->AckAll();
  other->ReportDone("web");
  scene_.Advance(absl::Seconds(5));
  EXPECT_EQ(one_.Target("web"), nullptr);
  ASSERT_TRUE(Set({{"role", "web"}}).ok());
  ASSERT_NE(one_.Target("web"), nullptr);
}

TEST_F(HostLabelsTest, TheClockOfAHostIsToldByItsHeartbeat) {
  const auto shown = [this] {
    return scene_.core().view.Host(*scene_.core().hosts.Find("host-1"));
  };
  EXPECT_FALSE(shown().has_clock_skew());
  v1::SessionRequest beat;
  *beat.mutable_heartbeat()->mutable_time() =
      ToProtoTimestamp(scene_.clock().WallNow() - absl::Seconds(90));
  one_.Say(beat);
  EXPECT_EQ(FromProto(shown().clock_skew()), -absl::Seconds(90));
}

// A stolen agent wants to be somebody else.
TEST_F(HostLabelsTest, AHostIsWhomItsCertificateNamesWithTheLabelsOfItsToken) {
  one_.Disconnect();
  const HostLabels fixed = {{"role", "web"}};
  scene_.core().sessions.SetFixedLabels(
      [&fixed](const std::string& host) {
        return host == "host-1" ? &fixed : nullptr;
      },
      [](const std::string& key, const std::string& value) {
        return key == "tier" && value == "payments";
      });
  one_.caller.kind = Identity::Kind::kHost;
  one_.caller.host = "host-1";
  (*one_.hello.mutable_host()->mutable_labels())["role"] = "database";
  // Those of another group, which its token says nothing of.
  (*one_.hello.mutable_host()->mutable_labels())["tier"] = "payments";
  one_.Connect();
  EXPECT_FALSE(one_.closed.has_value());
  EXPECT_THAT(Labels(), ElementsAre(Pair("role", "web"), Pair("zone", "a")));

  FakeAgent two(scene_, "host-2", "uid-2");
  two.caller = one_.caller;
  two.Connect();
  ASSERT_TRUE(two.closed.has_value());
  EXPECT_TRUE(absl::IsPermissionDenied(*two.closed));
  EXPECT_EQ(scene_.core().hosts.Find("host-2"), nullptr);
}

}  // namespace
}  // namespace fleet::controller
