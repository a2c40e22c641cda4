#include "node_agent/desired_state_acceptor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fleet::agent {
namespace {

v1::AppTarget Target(const std::string& app, int64_t serial,
                     int64_t generation) {
  v1::AppTarget target;
  target.set_app(app);
  target.set_app_uid("uid-" + app);
  target.set_serial(serial);
  target.set_generation(generation);
  target.mutable_spec()->set_name(app);
  return target;
}

v1::AppTarget Removed(const std::string& app, int64_t serial) {
  v1::AppTarget target;
  target.set_app(app);
  target.set_app_uid("uid-" + app);
  target.set_serial(serial);
  target.set_removed(true);
  return target;
}

// Epoch 5; web and api at serial 10, generation 3.
JournalContents Have() {
  JournalContents have;
  have.epoch = 5;
  for (const char* app : {"web", "api"}) {
    v1::AppTarget target = Target(app, 10, 3);
    have.apps[target.app_uid()].targets[3] = target;
  }
  return have;
}

v1::DesiredState State(int64_t epoch, bool full,
                       const std::vector<v1::AppTarget>& targets) {
  v1::DesiredState state;
  state.set_epoch(epoch);
  state.set_full(full);
  for (const v1::AppTarget& target : targets) *state.add_targets() = target;
  return state;
}

// "web 11/4", "-api 10/3" for a removal.
std::vector<std::string> Texts(const Acceptance& acceptance) {
  std::vector<std::string> texts;
  for (const v1::AppTarget& t : acceptance.targets) {
    texts.push_back((t.removed() ? "-" : "") + t.app() + " " +
                    std::to_string(t.serial()) + "/" +
                    std::to_string(t.generation()));
  }
  return texts;
}

v1::AppTarget Without(v1::AppTarget target, const std::string& field) {
  if (field == "app_uid") target.clear_app_uid();
  if (field == "app") target.clear_app();
  if (field == "serial") target.clear_serial();
  if (field == "generation") target.clear_generation();
  if (field == "spec") target.clear_spec();
  return target;
}

v1::AppTarget WithUid(v1::AppTarget target, const std::string& uid) {
  target.set_app_uid(uid);
  return target;
}

struct Case {
  const char* name;
  v1::DesiredState wanted;
  std::vector<std::string> accepted;
  absl::StatusCode code;
};

TEST(DesiredStateAcceptor, DecidesByTable) {
  using C = absl::StatusCode;
  const std::vector<Case> kCases = {
      {"a higher serial",
       State(5, false, {Target("web", 11, 3)}),
       {"web 11/3"},
       C::kOk},
      {"a higher generation",
       State(5, false, {Target("web", 11, 4)}),
       {"web 11/4"},
       C::kOk},
      {"the same again", State(5, false, {Target("web", 10, 3)}), {}, C::kOk},
      {"a new app",
       State(6, false, {Target("new", 1, 1)}),
       {"new 1/1"},
       C::kOk},
      {"nothing", State(5, false, {}), {}, C::kOk},
      {"a lower epoch",
       State(4, false, {Target("web", 11, 4)}),
       {},
       C::kFailedPrecondition},
      {"a lower serial",
       State(5, false, {Target("web", 9, 4)}),
       {},
       C::kFailedPrecondition},
      {"a lower generation",
       State(5, false, {Target("web", 11, 2)}),
       {},
       C::kFailedPrecondition},
      {"a full state removes what it does not name",
       State(5, true, {Target("web", 10, 3)}),
       {"-api 10/3"},
       C::kOk},
      {"an empty full state removes all",
       State(5, true, {}),
       {"-api 10/3", "-web 10/3"},
       C::kOk},
      {"a refused target of a full state is not removed",
       State(5, true, {Target("web", 9, 3), Target("api", 10, 3)}),
       {},
       C::kFailedPrecondition},
      {"a removal",
       State(5, false, {Removed("web", 11)}),
       {"-web 11/3"},
       C::kOk},
      {"a removal of what is not here",
       State(5, false, {Removed("new", 1)}),
       {},
       C::kOk},
      {"one refusal does not stop the others",
       State(5, false, {Target("web", 9, 3), Target("api", 11, 3)}),
       {"api 11/3"},
       C::kFailedPrecondition},
      {"no uid",
       State(5, false, {Without(Target("web", 11, 4), "app_uid")}),
       {},
       C::kInvalidArgument},
      {"no name",
       State(5, false, {Without(Target("web", 11, 4), "app")}),
       {},
       C::kInvalidArgument},
      {"no serial",
       State(5, false, {Without(Target("web", 11, 4), "serial")}),
       {},
       C::kInvalidArgument},
      {"no generation",
       State(5, false, {Without(Target("web", 11, 4), "generation")}),
       {},
       C::kInvalidArgument},
      {"no spec",
       State(5, false, {Without(Target("web", 11, 4), "spec")}),
       {},
       C::kInvalidArgument},
      {"named twice",
       State(5, false, {Target("web", 11, 3), Target("web", 12, 4)}),
       {"web 11/3"},
       C::kInvalidArgument},
      {"a name that another app has",
       State(5, false, {WithUid(Target("web", 1, 1), "uid-2")}),
       {},
       C::kAlreadyExists},
      {"a name that is free with this very state",
       State(5, false,
             {WithUid(Target("web", 1, 1), "uid-2"), Removed("web", 11)}),
       {"web 1/1", "-web 11/3"},
       C::kOk},
  };
  for (const Case& c : kCases) {
    Acceptance acceptance = JudgeDesiredState(Have(), c.wanted);
    EXPECT_EQ(Texts(acceptance), c.accepted) << c.name;
    EXPECT_EQ(acceptance.status.code(), c.code)
        << c.name << ": " << acceptance.status;
  }
}

TEST(DesiredStateAcceptor, NamesEveryRefusal) {
  Acceptance acceptance = JudgeDesiredState(
      Have(), State(5, false, {Target("web", 9, 3), Target("api", 11, 2)}));
  EXPECT_EQ(acceptance.status.message(),
            "app web: serial 9 is lower than 10, which this host has accepted\n"
            "app api: generation 2 is lower than 3, which this host has "
            "accepted");
}

TEST(DesiredStateAcceptor, ARemovalKeepsTheSpecItIsCarriedOutWith) {
  Acceptance acceptance =
      JudgeDesiredState(Have(), State(5, false, {Removed("web", 11)}));
  ASSERT_EQ(acceptance.targets.size(), 1u);
  EXPECT_EQ(acceptance.targets[0].spec().name(), "web");
}

TEST(DesiredStateAcceptor, TheHostsPolicyIsAskedAboutWhatIsToRun) {
  const TargetCheck nothing = [](const v1::AppTarget&) {
    return absl::PermissionDeniedError("not here");
  };
  const Acceptance refused = JudgeDesiredState(
      Have(), State(5, false, {Target("web", 11, 4), Target("new", 1, 1)}),
      nothing);
  EXPECT_TRUE(refused.targets.empty());
  EXPECT_TRUE(absl::IsPermissionDenied(refused.status));
  EXPECT_EQ(refused.status.message(), "app web: not here\napp new: not here");
  // What it runs already is not taken from it, and ending it is not refused.
  v1::AppTarget stop = Target("web", 11, 4);
  stop.set_run_state(v1::RUN_STATE_STOPPED);
  const Acceptance ended = JudgeDesiredState(
      Have(), State(5, false, {stop, Target("api", 10, 3)}), nothing);
  EXPECT_TRUE(ended.status.ok()) << ended.status;
  EXPECT_EQ(Texts(ended), std::vector<std::string>{"web 11/4"});
  EXPECT_TRUE(
      JudgeDesiredState(Have(), State(5, false, {Removed("web", 11)}), nothing)
          .status.ok());
}

}  // namespace
}  // namespace fleet::agent
