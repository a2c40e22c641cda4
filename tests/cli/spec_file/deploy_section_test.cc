#include "cli/spec_file/deploy_section.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/rpc/yaml_document.h"

namespace fleet::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Deployment Read(const std::string& yaml, const std::string& env_name) {
  const auto value = ReadYaml(yaml, "f");
  EXPECT_TRUE(value.ok()) << value.status();
  return ReadDeployment(*value, env_name);
}

constexpr char kUsual[] = R"(
production:
  user: deploy
  host: [a, b]
  ref: origin/main
  repo: git@example.org:web.git
  path: /srv/web
  pre-deploy: ./backup.sh
  post-deploy: npm ci && npx pm2 reload ecosystem.config.js --env production
  env: {NODE_ENV: production, LIST: [1]}
  pre-setup: apt-get install git
)";

TEST(DeploySection, BecomesWhatAHostDoesBeforeItsWorkersAreReplaced) {
  const Deployment deployment = Read(kUsual, "production");
  EXPECT_EQ(deployment.command,
            "./backup.sh && git fetch --all --tags && git reset --hard "
            "'origin/main' && npm ci");
  EXPECT_EQ(deployment.env.at("NODE_ENV"), "production");
  EXPECT_EQ(deployment.env.at("LIST"), "[1]");
  EXPECT_THAT(
      deployment.notes,
      ElementsAre("has no effect here: user, host, path, pre-setup of "
                  "deploy.production (hosts are those of the fleet; see hosts "
                  "and --hosts)",
                  "left out of deploy, since the rollout does it: npx pm2 "
                  "reload ecosystem.config.js --env production"));
}

TEST(DeploySection, NeedsEnv) {
  const Deployment deployment = Read(kUsual, "");
  EXPECT_EQ(deployment.command, "");
  EXPECT_THAT(
      deployment.notes,
      ElementsAre("deploy is carried out with --env NAME (production)"));
  EXPECT_THAT(Read(kUsual, "staging").notes, IsEmpty());
}

TEST(DeploySection, QuotesARefAndKnowsTheUsualOne) {
  EXPECT_EQ(Read("p: {ref: \"a'b;c\"}", "p").command,
            "git fetch --all --tags && git reset --hard 'a'\\''b;c'");
  EXPECT_EQ(Read("p: {repo: x}", "p").command,
            "git fetch --all --tags && git reset --hard 'origin/master'");
  EXPECT_THAT(Read("p: {reff: x}", "p").notes,
              ElementsAre("unknown key \"deploy.p.reff\" (it has no effect)"));
}

}  // namespace
}  // namespace fleet::cli
