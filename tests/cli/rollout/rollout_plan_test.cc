// What a dry run says, and what continuous integration shows of a failure.
#include "cli/rollout/rollout_plan.h"

#include <gtest/gtest.h>

#include "cli/rollout/ci_annotation.h"
#include "tests/cli/proto_text.h"

namespace fleet::cli {
namespace {

TEST(CiAnnotation, IsOneLineInEachSystemsForm) {
  const std::string text =
      "web failed: 100%\n    its last lines on stderr:\n      | at x (y)\n"
      "what helps:\n  fleetctl logs web\n";
  EXPECT_EQ(CiAnnotation(CiSystem::kNone, "web", text), "");
  EXPECT_EQ(CiAnnotation(CiSystem::kGitHub, "deploy of web: failed, 1", text),
            "::error title=deploy of web%3A failed%2C 1::web failed: "
            "100%25%0A    its last lines on stderr:%0A      | at x (y)%0Awhat "
            "helps:%0A  fleetctl logs web\n");
  EXPECT_EQ(CiAnnotation(CiSystem::kGitLab, "web", text),
            "\x1b[31;1mERROR: web: web failed: 100% | its last lines on "
            "stderr: | what helps: | fleetctl logs web\x1b[0m\n");
}

TEST(RolloutPlan, SaysWhereAFailureLeads) {
  auto rollout = FromText<v1::Rollout>(
      "app: 'web' kind: ROLLOUT_KIND_DEPLOY to_revision: 4 policy { "
      "on_failure: ON_FAILURE_ROLLBACK max_failures: '0' }");
  const auto line = [&rollout] {
    const std::string text = RolloutPlan(rollout);
    const size_t at = text.find("if a host fails: ");
    return text.substr(at, text.find('\n', at) - at);
  };
  EXPECT_EQ(line(), "if a host fails: it holds (no other revision is proven)");
  rollout.set_rollback_revision(3);
  EXPECT_EQ(line(), "if a host fails: back to revision 3");
  rollout.set_kind(v1::ROLLOUT_KIND_ROLLBACK);
  EXPECT_EQ(line(),
            "if a host fails: it holds (a rollback is never rolled back)");
  rollout.set_kind(v1::ROLLOUT_KIND_RELOAD);
  rollout.set_rollback_revision(4);
  EXPECT_EQ(line(),
            "if a host fails: what was touched is brought to revision 4 again");
}

TEST(RolloutPlan, AnUndoSaysWhoGoesBackAndWhoIsLeftAlone) {
  const auto rollout = FromText<v1::Rollout>(R"pb(
    uid: "r-1"
    app: "web"
    kind: ROLLOUT_KIND_DEPLOY
    to_revision: 4
    rollback_revision: 3
    phase: ROLLOUT_PHASE_ROLLING_BACK
    steps { host: "a" phase: HOST_STEP_PHASE_REVERTING reason: "is DONE" }
    steps {
      host: "bb"
      phase: HOST_STEP_PHASE_SKIPPED
      reason: "not touched, it is left alone"
    }
  )pb");
  EXPECT_EQ(UndoPlan(rollout),
            "would be turned back: deploy of web to revision 4 (rollout r-1), "
            "back to revision 3 on 1 host\n"
            "    a   goes back; it is DONE\n"
            "    bb  not touched, it is left alone\n");
}

}  // namespace
}  // namespace fleet::cli
