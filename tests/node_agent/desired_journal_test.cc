#include "node_agent/desired_journal.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/node_agent/small_disk.h"

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

v1::Step Done(int64_t generation) {
  v1::Step step;
  step.set_generation(generation);
  step.set_phase(v1::STEP_PHASE_DONE);
  return step;
}

class DesiredJournalTest : public testing::Test {
 protected:
  DesiredJournalTest() {
    std::string pattern = testing::TempDir() + "/desired-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    path_ = dir_ + "/desired.journal";
    Reopen();
  }
  ~DesiredJournalTest() override { std::filesystem::remove_all(dir_); }

  void Reopen() {
    journal_.reset();
    journal_ = DesiredJournal::Open(path_).value();
  }
  const JournaledApp& App(const std::string& app) {
    return journal_->contents().apps.at("uid-" + app);
  }
  std::string FileBytes() {
    std::stringstream bytes;
    bytes << std::ifstream(path_, std::ios::binary).rdbuf();
    return bytes.str();
  }
  void SetFile(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }

  std::string dir_;
  std::string path_;
  std::unique_ptr<DesiredJournal> journal_;
};

TEST_F(DesiredJournalTest, ANewOneIsEmpty) {
  EXPECT_EQ(journal_->contents().epoch, 0);
  EXPECT_EQ(journal_->contents().next_worker_id, 1u);
  EXPECT_TRUE(journal_->contents().apps.empty());
}

// It once was the end of the agent, since a step tells a worker's last lines.
TEST_F(DesiredJournalTest, TextsOfWorkersNeedNotBeUtf8) {
  ASSERT_TRUE(journal_->Accept(7, {Target("web", 1, 1)}).ok());
  v1::Step step = Done(1);
  step.set_reason("\xff");
  step.add_stderr_tail("abc \xff\xfe");
  ASSERT_TRUE(journal_->SaveResult("uid-web", step, {{0, 1}}).ok());
  Reopen();
  EXPECT_EQ(journal_->damage(), "");
  EXPECT_EQ(App("web").result->stderr_tail(0), "abc \uFFFD\uFFFD");
}

TEST_F(DesiredJournalTest, GivesBackWhatWasSaved) {
  ASSERT_TRUE(
      journal_->Accept(7, {Target("web", 1, 1), Target("api", 3, 2)}).ok());
  ASSERT_TRUE(journal_->SaveResult("uid-web", Done(1), {{0, 1}, {1, 1}}).ok());
  ASSERT_TRUE(journal_->Accept(8, {Target("web", 2, 2)}).ok());
  ASSERT_TRUE(journal_->SaveSlots("uid-web", {{0, 2}, {1, 1}}).ok());
  ASSERT_TRUE(journal_->ReserveWorkerIds(4096).ok());
  Reopen();
  EXPECT_EQ(journal_->contents().epoch, 8);
  EXPECT_EQ(journal_->contents().next_worker_id, 4096u);
  EXPECT_EQ(App("web").newest().serial(), 2);
  EXPECT_EQ(App("web").targets.size(), 2u);
  EXPECT_EQ(App("web").slots, (std::map<int, int64_t>{{0, 2}, {1, 1}}));
  EXPECT_EQ(App("web").result->generation(), 1);
  EXPECT_FALSE(App("api").result.has_value());
}

TEST_F(DesiredJournalTest, ForgetsAnApp) {
  ASSERT_TRUE(journal_->Accept(1, {Target("web", 1, 1)}).ok());
  ASSERT_TRUE(journal_->Forget("uid-web").ok());
  Reopen();
  EXPECT_TRUE(journal_->contents().apps.empty());
  EXPECT_EQ(journal_->contents().epoch, 1);
}

TEST_F(DesiredJournalTest, KeepsTheTargetsOfGenerationsThatSlotsRun) {
  for (int i = 1; i <= 6; ++i) {
    ASSERT_TRUE(journal_->Accept(1, {Target("web", i, i)}).ok());
    if (i == 2) {
      ASSERT_TRUE(journal_->SaveSlots("uid-web", {{0, 2}}).ok());
    }
  }
  Reopen();
  std::vector<int64_t> kept;
  for (const auto& [generation, target] : App("web").targets) {
    kept.push_back(generation);
  }
  EXPECT_EQ(kept, (std::vector<int64_t>{2, 5, 6}));
}

// A history of every kind of write. `states[i]` is what the journal says, and
// `ends[i]` where its file ends, after the i-th.
struct History {
  std::vector<std::string> states;
  std::vector<size_t> ends;
};

v1::AppEvent Event(const std::string& text) {
  v1::AppEvent event;
  event.set_text(text);
  return event;
}

// Everything that a journal says, to be compared.
std::string Describe(const JournalContents& contents) {
  std::string text =
      absl::StrCat("boot ", contents.boot_id, " epoch ", contents.epoch,
                   " ids ", contents.next_worker_id, "\n");
  for (const auto& [uid, app] : contents.apps) {
    absl::StrAppend(&text, uid, ":");
    for (const auto& [generation, target] : app.targets) {
      absl::StrAppend(&text, " ", generation, "/", target.serial());
    }
    for (const auto& [slot, generation] : app.slots) {
      absl::StrAppend(&text, " slot ", slot, "@", generation);
    }
    if (app.result) absl::StrAppend(&text, " done ", app.result->generation());
    for (const auto& [slot, run] : app.runs) {
      absl::StrAppend(&text, " run ", slot, "=", run);
    }
    for (const v1::AppEvent& event : app.events) {
      absl::StrAppend(&text, " event ", event.text());
    }
    text += "\n";
  }
  return text;
}

// Power fails at any moment: what is on the disk is a beginning of the file,
// perhaps with zeros where its end should be.
TEST_F(DesiredJournalTest, TornAtAnyByteItIsAsAfterTheLastWholeWrite) {
  History history;
  auto note = [&](absl::Status status) {
    ASSERT_TRUE(status.ok()) << status;
    history.states.push_back(Describe(journal_->contents()));
    history.ends.push_back(FileBytes().size());
  };
  note(absl::OkStatus());
  note(journal_->Accept(3, {Target("web", 1, 1), Target("api", 1, 1)}));
  note(journal_->ReserveWorkerIds(4096));
  note(journal_->SaveSlots("uid-web", {{0, 1}, {1, 1}}));
  note(journal_->BeginBoot("boot-1"));
  note(journal_->SaveRun("uid-web", 0, "0 ended"));
  note(journal_->SaveRun("uid-web", 1, "1 ended"));
  note(journal_->SaveResult("uid-web", Done(1), {{0, 1}, {1, 1}}));
  note(journal_->SaveRun("uid-web", 1, "1 ended again"));
  note(journal_->SaveResult("uid-web", Done(1), {{0, 1}}));
  note(journal_->SaveEvents("uid-web", {Event("crash")}));
  note(journal_->SaveEvents("uid-web", {Event("crash"), Event("loop")}));
  note(journal_->BeginBoot("boot-2"));
  note(journal_->SaveRun("uid-web", 0, "0 ended once more"));
  note(journal_->Accept(4, {}));
  note(journal_->Accept(4, {Target("web", 2, 2), Target("api", 2, 1)}));
  note(journal_->Forget("uid-api"));
  std::string whole = FileBytes();
  for (size_t size = 0; size <= whole.size(); ++size) {
    size_t last = 0;
    while (last + 1 < history.ends.size() && history.ends[last + 1] <= size) {
      ++last;
    }
    for (size_t zeros : {0, 1, 100}) {
      SetFile(whole.substr(0, size) + std::string(zeros, '\0'));
      Reopen();
      ASSERT_EQ(Describe(journal_->contents()), history.states[last]) << size;
      ASSERT_EQ(journal_->damage(), "") << size;
      ASSERT_EQ(FileBytes().size(), history.ends[last]) << size;
    }
  }
}

// A disk that rots: one write is lost at most, it is said, and what was
// written after it counts.
TEST_F(DesiredJournalTest, AnyWrongByteCostsOneWriteAndIsSaid) {
  ASSERT_TRUE(journal_->Accept(1, {Target("api", 1, 1)}).ok());
  size_t first_end = FileBytes().size();
  ASSERT_TRUE(journal_->Accept(2, {Target("web", 1, 1)}).ok());
  size_t second_end = FileBytes().size();
  ASSERT_TRUE(journal_->Accept(2, {Target("web", 2, 2)}).ok());
  std::string whole = FileBytes();
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(~bytes[at]);
    SetFile(bytes);
    Reopen();
    bool api = at >= first_end;
    bool last = at < second_end;
    ASSERT_EQ(journal_->contents().apps.contains("uid-api"), api) << at;
    ASSERT_EQ(App("web").newest().serial(), last ? 2 : 1) << at;
    // The beginning of the last one looks like a write that was cut short.
    bool torn = at >= second_end && journal_->damage().empty();
    ASSERT_TRUE(torn || !journal_->damage().empty()) << at;
    ASSERT_TRUE(!torn || at >= second_end + 4) << at;
    Reopen();
    ASSERT_EQ(journal_->damage(), "") << at;
  }
}

TEST_F(DesiredJournalTest, DamageInTheMiddleCostsOnlyWhatItHit) {
  ASSERT_TRUE(journal_->Accept(1, {Target("web", 1, 1)}).ok());
  size_t damage_at = FileBytes().size() - 3;
  ASSERT_TRUE(journal_->Accept(1, {Target("api", 1, 1)}).ok());
  std::string bytes = FileBytes();
  bytes[damage_at] = static_cast<char>(~bytes[damage_at]);
  SetFile(bytes);
  Reopen();
  EXPECT_NE(journal_->damage().find("kept: 1 app (api)"), std::string::npos)
      << journal_->damage();
  EXPECT_NE(journal_->damage().find(path_), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(path_ + ".damaged"));
  EXPECT_EQ(journal_->contents().apps.size(), 1u);
  // Mended: the next start is as usual.
  Reopen();
  EXPECT_EQ(journal_->damage(), "");
  EXPECT_EQ(journal_->contents().apps.size(), 1u);
}

TEST_F(DesiredJournalTest, RunsAreOfOneBoot) {
  ASSERT_TRUE(journal_->Accept(1, {Target("web", 1, 1)}).ok());
  ASSERT_TRUE(journal_->SaveSlots("uid-web", {{0, 1}, {1, 1}}).ok());
  ASSERT_TRUE(journal_->BeginBoot("boot-1").ok());
  ASSERT_TRUE(journal_->SaveRun("uid-web", 0, "ended").ok());
  ASSERT_TRUE(journal_->SaveRun("uid-none", 0, "nobody's").ok());
  Reopen();
  ASSERT_TRUE(journal_->BeginBoot("boot-1").ok());
  EXPECT_EQ(App("web").runs, (std::map<int, std::string>{{0, "ended"}}));
  ASSERT_TRUE(journal_->BeginBoot("boot-2").ok());
  EXPECT_TRUE(App("web").runs.empty());
  Reopen();
  EXPECT_TRUE(App("web").runs.empty());
  EXPECT_EQ(journal_->contents().boot_id, "boot-2");
}

// Why the host was rebooted may be among them.
TEST_F(DesiredJournalTest, EventsOutliveTheBootAndEndWithTheApp) {
  ASSERT_TRUE(journal_->Accept(1, {Target("web", 1, 1)}).ok());
  ASSERT_TRUE(journal_->BeginBoot("boot-1").ok());
  ASSERT_TRUE(journal_->SaveEvents("uid-none", {Event("nobody's")}).ok());
  for (int i = 0; i < 2000; ++i) {
    const std::string text = absl::StrCat("exit ", i, std::string(200, '.'));
    ASSERT_TRUE(journal_->SaveEvents("uid-web", {Event(text)}).ok());
  }
  EXPECT_LT(FileBytes().size(), 300u << 10);
  Reopen();
  ASSERT_TRUE(journal_->BeginBoot("boot-2").ok());
  ASSERT_EQ(App("web").events.size(), 1u);
  EXPECT_EQ(App("web").events[0].text().substr(0, 9), "exit 1999");
  ASSERT_TRUE(journal_->Forget("uid-web").ok());
  ASSERT_TRUE(journal_->Accept(1, {Target("web", 1, 1)}).ok());
  EXPECT_TRUE(App("web").events.empty());
}

// A worker that crashes for ever must not fill the disk.
TEST_F(DesiredJournalTest, ManyRunsTakeNoMoreRoomThanAFew) {
  ASSERT_TRUE(journal_->Accept(1, {Target("web", 1, 1)}).ok());
  ASSERT_TRUE(journal_->SaveSlots("uid-web", {{0, 1}}).ok());
  for (int i = 0; i < 20000; ++i) {
    ASSERT_TRUE(journal_->SaveRun("uid-web", 0, absl::StrCat("run ", i)).ok());
  }
  EXPECT_LT(FileBytes().size(), 300u << 10);
  Reopen();
  EXPECT_EQ(App("web").runs.at(0), "run 19999");
}

TEST_F(DesiredJournalTest, IsCompactedAndLosesNothing) {
  v1::AppTarget big = Target("web", 1, 1);
  (*big.mutable_spec()->mutable_env())["FILLER"] = std::string(10000, 'x');
  for (int i = 1; i <= 200; ++i) {
    big.set_serial(i);
    ASSERT_TRUE(journal_->Accept(5, {big}).ok());
  }
  ASSERT_TRUE(journal_->SaveResult("uid-web", Done(1), {{0, 1}}).ok());
  EXPECT_LT(FileBytes().size(), 300u << 10);
  Reopen();
  EXPECT_EQ(journal_->contents().epoch, 5);
  EXPECT_EQ(App("web").newest().serial(), 200);
  EXPECT_EQ(App("web").result->generation(), 1);
}

TEST_F(DesiredJournalTest, WhatDoesNotFitOnTheDiskIsNotAccepted) {
  ASSERT_TRUE(journal_->Accept(1, {Target("web", 1, 1)}).ok());
  signal(SIGXFSZ, SIG_IGN);
  rlimit old;
  getrlimit(RLIMIT_FSIZE, &old);
  rlimit low = {FileBytes().size() + 5, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &low);
  absl::Status status = journal_->Accept(2, {Target("web", 2, 2)});
  setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(App("web").newest().serial(), 1);
  EXPECT_EQ(journal_->contents().epoch, 1);
  ASSERT_TRUE(journal_->Accept(2, {Target("web", 2, 2)}).ok());
  Reopen();
  EXPECT_EQ(App("web").newest().serial(), 2);
}

// Else a generation that was done on a full disk would be done once more by
// the next agent.
TEST(DesiredJournalOnAFullDisk, KeepsHowWhatItAcceptedEnds) {
  SmallDisk disk(2 << 20);
  if (!disk.made()) GTEST_SKIP() << "needs root for a file system";
  const std::string path = disk.dir() + "/desired.journal";
  auto journal = DesiredJournal::Open(path).value();
  ASSERT_TRUE(journal->Accept(1, {Target("web", 1, 1)}).ok());
  ASSERT_TRUE(journal->SaveSlots("uid-web", {{0, 1}}).ok());
  disk.Fill();
  // More than what may be left of a block.
  v1::AppTarget next = Target("web", 2, 2);
  (*next.mutable_spec()->mutable_env())["FILLER"] = std::string(5000, 'x');
  absl::Status refused = journal->Accept(1, {next});
  EXPECT_EQ(refused.message(), "write " + path + ": No space left on device");
  // Any number of crashes does not take the room that the rest needs.
  const std::string run(1000, 'r');
  int runs = 0;
  while (runs < 1000 && journal->SaveRun("uid-web", 0, run).ok()) ++runs;
  EXPECT_GT(runs, 50);
  EXPECT_LT(runs, 1000);
  std::map<int, int64_t> many;
  for (int i = 0; i < 2000; ++i) many[i] = 1;
  EXPECT_FALSE(journal->SaveSlots("uid-web", many).ok());
  EXPECT_TRUE(journal->ReserveWorkerIds(4096).ok());
  EXPECT_TRUE(journal->SaveHooks("uid-web", {v1::HookResult()}).ok());
  EXPECT_TRUE(journal->SaveResult("uid-web", Done(1), {{0, 1}}).ok());
  journal = DesiredJournal::Open(path).value();
  const JournaledApp& web = journal->contents().apps.at("uid-web");
  EXPECT_EQ(web.newest().serial(), 1);
  EXPECT_EQ(web.result->generation(), 1);
  EXPECT_EQ(web.runs.at(0), run);
  EXPECT_EQ(journal->contents().next_worker_id, 4096u);
  EXPECT_FALSE(journal->CheckRoom().ok());
  disk.Empty();
  EXPECT_TRUE(journal->CheckRoom().ok());
  EXPECT_TRUE(journal->Accept(1, {next}).ok());
  EXPECT_TRUE(journal->SaveRun("uid-web", 0, run).ok());
}

}  // namespace
}  // namespace fleet::agent
