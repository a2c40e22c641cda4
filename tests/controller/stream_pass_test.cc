#include "controller/stream_pass.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <utility>

#include "fleet/v1/log_service.pb.h"
#include "proto/rpc/clock.h"

namespace fleet::controller {
namespace {

// Lets everybody in but "stranger", and out who is on its list.
class Doorman : public CallPolicy {
 public:
  void Prepare(const CallCredentials&, std::function<void()> done) override {
    if (hold) {
      held = std::move(done);
    } else {
      done();
    }
  }
  absl::StatusOr<Identity> Admit(const CallCredentials& credentials,
                                 std::string_view,
                                 const google::protobuf::Message&) override {
    if (credentials.bearer == "stranger") {
      return absl::UnauthenticatedError("who are you?");
    }
    Identity caller;
    caller.name = credentials.bearer;
    return caller;
  }
  absl::Status Recheck(const Identity& caller) override {
    ++rechecks;
    return ended.contains(caller.name)
               ? absl::UnauthenticatedError("it has ended")
               : absl::OkStatus();
  }
  void Record(const Identity&, std::string_view,
              const google::protobuf::Message&,
              const google::protobuf::Message*, const absl::Status&) override {
    ++records;
  }

  bool hold = false;
  std::function<void()> held;
  std::set<std::string> ended;
  int rechecks = 0;
  int records = 0;
};

class StreamPassTest : public ::testing::Test {
 protected:
  StreamPassTest() : loop(clock), streams(loop, door) {}
  std::unique_ptr<StreamPass> Pass(const std::string& bearer) {
    CallCredentials credentials;
    credentials.bearer = bearer;
    return std::make_unique<StreamPass>(
        streams, door,
        StreamPass::Call{credentials, "/fleet.v1.LogService/TailLogs",
                         request});
  }
  void Ask(StreamPass& pass) {
    pass.Ask(
        [this](const absl::StatusOr<Identity>& caller) {
          admitted = caller.status();
        },
        [this](const absl::Status& why) { expelled = why; });
  }
  void Pass(absl::Duration time) {
    clock.Advance(time);
    loop.RunOnce(absl::ZeroDuration());
  }

  FakeClock clock;
  EventLoop loop;
  Doorman door;
  OpenStreams streams;
  v1::TailLogsRequest request;
  std::optional<absl::Status> admitted;
  std::optional<absl::Status> expelled;
};

TEST_F(StreamPassTest, AStreamIsCutWithinASecondOfItsCallersEnd) {
  auto anna = Pass("anna");
  Ask(*anna);
  EXPECT_TRUE(admitted->ok());
  Pass(absl::Seconds(100));
  EXPECT_FALSE(expelled.has_value());
  door.ended.insert("anna");
  Pass(absl::Seconds(1));
  ASSERT_TRUE(expelled.has_value());
  EXPECT_EQ(expelled->message(), "it has ended");
  // Once.
  expelled.reset();
  Pass(absl::Seconds(1));
  EXPECT_FALSE(expelled.has_value());
}

TEST_F(StreamPassTest, WhoIsNotLetInIsRecordedAndNotLookedAt) {
  auto stranger = Pass("stranger");
  Ask(*stranger);
  EXPECT_FALSE(admitted->ok());
  EXPECT_EQ(door.records, 1);
  Pass(absl::Seconds(1));
  EXPECT_EQ(door.rechecks, 0);
}

TEST_F(StreamPassTest, AStreamThatIsGoneHearsNothing) {
  door.hold = true;
  auto anna = Pass("anna");
  Ask(*anna);
  anna.reset();
  door.held();
  EXPECT_FALSE(admitted.has_value());
  door.hold = false;
  auto bob = Pass("bob");
  Ask(*bob);
  EXPECT_TRUE(admitted->ok());
  door.ended.insert("bob");
  bob.reset();
  Pass(absl::Seconds(1));
  EXPECT_FALSE(expelled.has_value());
}

TEST_F(StreamPassTest, OneThatIsCutMayTakeOthersWithIt) {
  auto first = Pass("anna");
  auto second = Pass("anna");
  const auto take_both = [&](const absl::Status&) {
    first.reset();
    second.reset();
  };
  first->Ask([](const absl::StatusOr<Identity>&) {}, take_both);
  second->Ask([](const absl::StatusOr<Identity>&) {}, take_both);
  door.ended.insert("anna");
  Pass(absl::Seconds(1));
  EXPECT_EQ(first, nullptr);
  EXPECT_EQ(second, nullptr);
}

}  // namespace
}  // namespace fleet::controller
