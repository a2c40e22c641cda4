#include "cli/spec_file/spec_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/spec_file/file_kind.h"
#include "tests/cli/spec_file/temp_folder.h"

namespace fleet::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(FileKind, GoesByTheName) {
  EXPECT_EQ(FileKindOf("fleet.yaml"), FileKind::kNative);
  EXPECT_EQ(FileKindOf("a/b/fleet.json"), FileKind::kNative);
  EXPECT_EQ(FileKindOf("staging.yml"), FileKind::kNative);
  EXPECT_EQ(FileKindOf("ecosystem.json"), FileKind::kPm2Document);
  EXPECT_EQ(FileKindOf("process.yml"), FileKind::kPm2Document);
  EXPECT_EQ(FileKindOf("x.config.json"), FileKind::kPm2Document);
  EXPECT_EQ(FileKindOf("/a/ecosystem.config.js"), FileKind::kPm2Module);
  EXPECT_EQ(FileKindOf("pm2.config.cjs"), FileKind::kPm2Module);
  EXPECT_EQ(FileKindOf("x.config.mjs"), FileKind::kPm2Module);
  EXPECT_EQ(FileKindOf("Procfile"), FileKind::kProcfile);
  EXPECT_EQ(FileKindOf("app.js"), FileKind::kProgram);
  EXPECT_EQ(FileKindOf("./bin"), FileKind::kProgram);
}

TEST(SpecFile, ReadsNativeAppsWithTheFolderOfTheFile) {
  TempFolder folder;
  const std::string path = folder.Write(
      "fleet.yaml",
      "apps:\n- {name: web, script: app.js, instances: 2}\n- script: w.py\n");
  const auto file = LoadSpecFile(path, {});
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ(file->apps.size(), 2U);
  EXPECT_EQ(file->apps[0].name, "web");
  EXPECT_EQ(file->apps[0].cwd, folder.path());
  EXPECT_EQ(file->apps[0].script, "app.js");
  EXPECT_EQ(file->apps[0].exec_mode, ExecMode::kFork);
  EXPECT_EQ(file->apps[1].name, "w");
  EXPECT_THAT(file->notes, IsEmpty());
}

TEST(SpecFile, ReadsPm2sModule) {
  TempFolder folder;
  const std::string path = folder.Write("ecosystem.config.js", R"(
module.exports = {
  apps: [{ name: 'web', script: './app.js', instances: 4, wait_ready: true,
           env_production: { NODE_ENV: 'production' } }],
  deploy: { production: { env: { NODE_ENV: 'x', REGION: 'eu' },
                          host: 'a', ref: 'v2',
                          'post-deploy': 'npm ci && pm2 reload web' } },
};)");
  SpecFileOptions options;
  options.env_name = "production";
  const auto file = LoadSpecFile(path, options);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->apps[0].exec_mode, ExecMode::kCluster);
  EXPECT_EQ(file->apps[0].stop.signal, "SIGINT");
  EXPECT_EQ(file->apps[0].env.at("NODE_ENV"), "production");
  EXPECT_EQ(file->apps[0].env.at("REGION"), "eu");
  EXPECT_EQ(file->apps[0].rollout.hooks.pre_reload.command,
            "git fetch --all --tags && git reset --hard 'v2' && npm ci");
  EXPECT_THAT(file->notes,
              ElementsAre(HasSubstr("has no effect here: host of "
                                    "deploy.production"),
                          HasSubstr("the rollout does it: pm2 reload web")));
}

TEST(SpecFile, ListsAllThatIsWrong) {
  TempFolder folder;
  const std::string path = folder.Write(
      "fleet.yaml",
      "apps:\n- name: a\n  script: x\n  instances: many\n  wtch: true\n"
      "- name: b\n  script: y\n  nme: c\n");
  const std::string message(LoadSpecFile(path, {}).status().message());
  EXPECT_THAT(message, HasSubstr(path + ":4:3: \"instances\": expected"));
  EXPECT_THAT(message, HasSubstr(path + ":5:3: unknown key \"wtch\"; did you "
                                        "mean \"watch\"?"));
  EXPECT_THAT(message, HasSubstr(path + ":8:3: unknown key \"nme\"; did you "
                                        "mean \"name\"?"));
}

TEST(SpecFile, RefusesWhatIsNotUtf8) {
  TempFolder folder;
  const std::string path =
      folder.Write("Procfile", "# two\nweb: node \xff.js\n");
  EXPECT_THAT(std::string(LoadSpecFile(path, {}).status().message()),
              HasSubstr("a text that is not UTF-8"));
  EXPECT_FALSE(SpecOfScript("a\xff.js", {}).ok());
}

TEST(SpecFile, SaysWhereAValueStandsThatCannotBe) {
  TempFolder folder;
  const std::string path =
      folder.Write("fleet.yaml",
                   "apps:\n- name: a\n  script: x\n  max_restarts: -1\n"
                   "  readiness:\n    http:\n      path: up\n      port: 80\n"
                   "  env: {'B C': 1}\n");
  const std::string message(LoadSpecFile(path, {}).status().message());
  EXPECT_THAT(message, HasSubstr(path + ":4:3: a: \"max_restarts\": -1 is out "
                                        "of range, it must be 0 to 1000000"));
  EXPECT_THAT(message, HasSubstr(path + ":7:7: a: \"readiness.http.path\": "
                                        "\"up\" must start with /"));
  EXPECT_THAT(message, HasSubstr(path + ":9:3: a: \"env.B C\": the name"));
}

TEST(SpecFile, NamesMustDiffer) {
  TempFolder folder;
  const std::string path = folder.Write(
      "fleet.yaml", "apps:\n- {name: a, script: x}\n- {name: a, script: y}\n");
  EXPECT_EQ(std::string(LoadSpecFile(path, {}).status().message()),
            path +
                ":3:3: a second app named \"a\" (the first in line 2); names "
                "must differ");
}

TEST(SpecFile, SaysWhatIsNoFileOfSpecs) {
  TempFolder folder;
  EXPECT_THAT(std::string(LoadSpecFile("app.js", {}).status().message()),
              HasSubstr("run it with: fleetctl start app.js"));
  EXPECT_TRUE(absl::IsNotFound(
      LoadSpecFile(folder.path() + "/fleet.yaml", {}).status()));
  const std::string empty = folder.Write("fleet.yaml", "");
  EXPECT_THAT(std::string(LoadSpecFile(empty, {}).status().message()),
              HasSubstr("expected a list of apps, found nothing"));
  const std::string other = folder.Write("fleet.json", "{\"a\": 1}");
  EXPECT_THAT(std::string(LoadSpecFile(other, {}).status().message()),
              HasSubstr("neither \"apps\" nor the \"script\""));
}

TEST(SpecFile, TakesTheAppsAskedForAndTheFlagsForOne) {
  TempFolder folder;
  const std::string path = folder.Write(
      "fleet.yaml", "apps:\n- {name: a, script: x}\n- {name: b, script: y}\n");
  SpecFileOptions options;
  SetEntry(options.overrides, "instances", TextValue("3"));
  EXPECT_THAT(std::string(LoadSpecFile(path, options).status().message()),
              HasSubstr("choose one with --only"));
  options.only = {"b"};
  const auto file = LoadSpecFile(path, options);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ(file->apps.size(), 1U);
  EXPECT_EQ(file->apps[0].name, "b");
  EXPECT_EQ(file->apps[0].instances, 3);
  options.only = {"c"};
  EXPECT_THAT(std::string(LoadSpecFile(path, options).status().message()),
              HasSubstr("it has no app \"c\", only a, b"));
}

TEST(SpecFile, ReadsAProcfile) {
  TempFolder folder;
  const std::string path =
      folder.Write("Procfile",
                   "# all\nweb: node app.js -p $PORT\n\nq: ./q && ./r\n"
                   "w: RACK_ENV=x ./w\ne: exec ./e\n");
  const auto file = LoadSpecFile(path, {});
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ(file->apps.size(), 4U);
  EXPECT_EQ(file->apps[0].name, "web");
  EXPECT_EQ(file->apps[0].script, "/bin/sh");
  EXPECT_THAT(file->apps[0].args,
              ElementsAre("-c", "exec node app.js -p $PORT"));
  EXPECT_THAT(file->apps[1].args, ElementsAre("-c", "./q && ./r"));
  EXPECT_THAT(file->apps[2].args, ElementsAre("-c", "exec env RACK_ENV=x ./w"));
  EXPECT_THAT(file->apps[3].args, ElementsAre("-c", "exec ./e"));
}

TEST(SpecFile, MakesASpecOfAScript) {
  SpecFileOptions options;
  SetEntry(options.overrides, "instances", TextValue("2"));
  SetEntry(options.overrides, "kill_timeout", TextValue("1600"));
  options.imported_env = {{"HOME", "/root"}};
  const auto file = SpecOfScript("app.js", options);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->apps[0].name, "app");
  EXPECT_EQ(file->apps[0].exec_mode, ExecMode::kCluster);
  EXPECT_EQ(file->apps[0].stop.kill_timeout, absl::Milliseconds(1600));
  EXPECT_EQ(file->apps[0].stop.signal, "SIGTERM");
  EXPECT_EQ(file->apps[0].env.at("HOME"), "/root");
}

}  // namespace
}  // namespace fleet::cli
