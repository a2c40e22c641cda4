// Commands around files: apply, diff, validate, explain, export, ecosystem.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/spec_file/spec_file.h"
#include "proto/rpc/app_spec_proto.h"
#include "tests/cli/command_scene.h"
#include "tests/cli/proto_text.h"
#include "tests/cli/spec_file/temp_folder.h"

namespace fleet::cli {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

constexpr char kWeb[] = "apps:\n- {name: web, script: a.js}\n";

class FileCommandsTest : public CommandScene {
 protected:
  void WebChanges(const std::string& differences) {
    fake_.applied = FromText<v1::ApplyAppsResponse>(
        "results { app: 'web' change: APPLY_CHANGE_UPDATED revision: 4 " +
        differences + " }");
  }
  void OldIsThere() {
    *fake_.apps.add_apps() = FromText<v1::App>(
        "name: 'old' namespace: 'default' spec { namespace: 'default' }");
    *fake_.apps.add_apps() = FromText<v1::App>(
        "name: 'else' namespace: 'shop' spec { namespace: 'shop' }");
  }

  TempFolder folder_;
  std::string file_ = folder_.Write("fleet.yaml", kWeb);
};

TEST_F(FileCommandsTest, ApplyShowsTheDifferenceBeforeItMakesIt) {
  WebChanges(
      "differences: 'instances: 2 → 4' "
      "differences: 'restart.max_memory_bytes: 0 → 314572800'");
  const Ran ran = Run({"apply", file_});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "web: will be updated (revision 4)\n"
            "  instances: 2 → 4\n"
            "  max_memory_restart: 0 → 300M\n"
            "web: updated (revision 4)\n");
  ASSERT_THAT(fake_.Requests(), SizeIs(2));
  EXPECT_THAT(fake_.Requests()[0], HasSubstr("validate_only: true"));
  EXPECT_THAT(fake_.Requests()[1], Not(HasSubstr("validate_only")));
}

TEST_F(FileCommandsTest, DiffChangesNothing) {
  WebChanges("differences: 'instances: 2 → 4'");
  Ran ran = Run({"diff", file_});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out,
            "web: would be updated (revision 4)\n  instances: 2 → 4\n");
  EXPECT_EQ(Run({"diff", file_, "--exit-code"}).code, 1);
  fake_.applied = FromText<v1::ApplyAppsResponse>(
      "results { app: 'web' change: APPLY_CHANGE_UNCHANGED }");
  ran = Run({"diff", file_, "--exit-code"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "web: unchanged\n");
  for (const std::string& request : fake_.Requests()) {
    EXPECT_THAT(request, HasSubstr("validate_only: true"));
  }
}

TEST_F(FileCommandsTest, WhatStopsWorkersForGoodIsAskedFor) {
  WebChanges("differences: 'host host-2: removed'");
  Ran ran = Run({"apply", file_});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("stops workers for good (web on host-2)"));
  EXPECT_THAT(ran.err, HasSubstr("say --yes"));
  EXPECT_THAT(fake_.Requests(), Each(HasSubstr("validate_only: true")));

  std::string question;
  ask_ = [&question](const std::string& asked) {
    question = asked;
    return std::string("n");
  };
  EXPECT_EQ(Run({"apply", file_}).code, 1);
  EXPECT_THAT(question, HasSubstr("web on host-2. Go on? [y/N]"));
  EXPECT_THAT(fake_.Requests(), Each(HasSubstr("validate_only: true")));

  EXPECT_EQ(Run({"apply", file_, "--yes"}).code, 0);
  EXPECT_THAT(fake_.Requests().back(), Not(HasSubstr("validate_only")));
}

TEST_F(FileCommandsTest, PruneDeletesWhatTheFilesNamespacesHaveMore) {
  OldIsThere();
  fake_.applied = FromText<v1::ApplyAppsResponse>(
      "results { app: 'web' change: APPLY_CHANGE_UNCHANGED }");
  Ran ran = Run({"diff", file_, "--prune"});
  EXPECT_EQ(ran.out,
            "web: unchanged\nold: would be deleted (it is not in the file)\n");
  ran = Run({"apply", file_, "--prune"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(fake_.Requests(), Not(Contains(StartsWith("DeleteApp"))));
  ran = Run({"apply", file_, "--prune", "--yes"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("old: deleted\n"));
  EXPECT_THAT(fake_.Requests().back(), "DeleteApp {name: \"old\"}");
  EXPECT_EQ(Run({"apply", file_, "--prune", "--only", "web"}).code, 2);
}

TEST_F(FileCommandsTest, ValidatePrintsTheResolvedSpecAndAsksNobody) {
  const std::string pm2 = folder_.Write(
      "ecosystem.json",
      R"({"apps": [{"script": "a.js", "instances": 2, "kill_timeout": 5000}]})");
  Ran ran = Run({"validate", pm2});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "apps:\n"
            "- name: a\n"
            "  script: a.js\n"
            "  interpreter: node\n"
            "  cwd: " +
                folder_.path() +
                "\n"
                "  instances: 2\n"
                "  exec_mode: cluster\n"
                "  hosts: all\n"
                "  kill_timeout: 5s\n"
                "  stop_signal: SIGINT\n");
  EXPECT_THAT(ran.err, HasSubstr("the app is valid"));
  EXPECT_THAT(Run({"validate", pm2, "-o", "wide"}).out,
              HasSubstr("max_restarts: 16"));
  EXPECT_THAT(Run({"validate", pm2, "-o", "json"}).out,
              HasSubstr("\"exec_mode\": \"cluster\""));
  const std::string bad =
      folder_.Write("bad.yaml", "apps:\n- {script: a.js, max_restarts: -1}\n");
  ran = Run({"validate", bad});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("bad.yaml:2:18: a: \"max_restarts\": -1"));
  EXPECT_THAT(fake_.Requests(), IsEmpty());
}

TEST_F(FileCommandsTest, ExplainKnowsFieldsGroupsAndPm2sNames) {
  EXPECT_THAT(Run("explain").out, HasSubstr("\n  max_restarts "));
  EXPECT_THAT(Run("explain max_restarts").out, HasSubstr("default:    16"));
  EXPECT_THAT(Run("explain maxRestarts").out, StartsWith("max_restarts\n"));
  EXPECT_THAT(Run("explain node_args").out, StartsWith("interpreter_args\n"));
  EXPECT_THAT(Run("explain restart.max_restarts").out,
              StartsWith("max_restarts\n"));
  EXPECT_THAT(Run("explain readiness").out, HasSubstr("readiness.http.port"));
  EXPECT_THAT(Run("explain env_production").out, StartsWith("env_NAME\n"));
  const Ran unknown = Run("explain max_restart");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"max_restarts\"?"));
}

TEST_F(FileCommandsTest, ExportIsAFileThatReadsBackTheSame) {
  AppSpec spec;
  spec.name = "web";
  spec.script = "/srv/a.js";
  spec.cwd = "/srv";
  spec.env = {{"A", "1"}, {"EMPTY", ""}, {"YES", "yes"}};
  spec.secrets = {{"TOKEN", "web-token"}};
  spec.restart.max_memory_bytes = 300 << 20;
  ApplyDefaults(spec);
  *fake_.apps.mutable_apps(0)->mutable_spec() = ToProto(spec);
  const Ran ran = Run("export");
  EXPECT_EQ(ran.code, 0);
  const std::string path = folder_.Write("export.yaml", ran.out);
  const auto file = LoadSpecFile(path, {});
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_THAT(file->apps, SizeIs(1));
  EXPECT_THAT(DiffAppSpecs(spec, file->apps[0]), IsEmpty()) << ran.out;
  EXPECT_EQ(file->apps[0].env, spec.env);
  EXPECT_THAT(Run("export -o json").out, StartsWith("{\n  \"apps\": ["));
}

TEST_F(FileCommandsTest, ExportKeepsStoppedAppsStopped) {
  fake_.apps.mutable_apps(0)->set_run_state(v1::RUN_STATE_STOPPED);
  fake_.apps.mutable_apps(0)->add_placement("host-1");
  const Ran ran = Run("export");
  EXPECT_THAT(ran.out, HasSubstr("# web is stopped"));
  EXPECT_THAT(ran.out, HasSubstr("autostart: false"));
  EXPECT_THAT(ran.out, HasSubstr("# web was applied with --hosts 'host-1'"));
  EXPECT_EQ(Run("export nope-*").code, 1);
}

TEST_F(FileCommandsTest, SamplesAreValidAndNeverWrittenOverAFile) {
  for (const std::string name : {"x.yaml", "ecosystem.yaml"}) {
    const std::string path = folder_.path() + "/" + name;
    EXPECT_EQ(Run({"ecosystem", path}).code, 0);
    const auto file = LoadSpecFile(path, {});
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->apps[0].name, "web");
    EXPECT_EQ(file->apps[0].exec_mode, ExecMode::kCluster);
    EXPECT_THAT(file->notes, IsEmpty());
    const Ran again = Run({"ecosystem", path});
    EXPECT_EQ(again.code, 1);
    EXPECT_THAT(again.err, HasSubstr("exists and is left as it is"));
  }
  EXPECT_EQ(Run({"ecosystem", folder_.path() + "/x.js"}).code, 2);
}

}  // namespace
}  // namespace fleet::cli
