#include "node_agent/local_journal_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>

#include "tests/node_agent/small_disk.h"

namespace fleet::agent {
namespace {

const std::vector<JournalRecord> kRecords = {
    {1, "first"}, {2, ""}, {3, std::string(300, 'x')}};

class LocalJournalFileTest : public testing::Test {
 protected:
  LocalJournalFileTest() {
    std::string pattern = testing::TempDir() + "/journal-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    path_ = dir_ + "/file";
  }
  ~LocalJournalFileTest() override { std::filesystem::remove_all(dir_); }

  std::unique_ptr<JournalFile> Open() {
    return LocalJournalFile::Open(path_).value();
  }
  std::vector<JournalRecord> Records() {
    return ScanJournal(Open()->Read().value()).records;
  }

  std::string dir_;
  std::string path_;
};

TEST(ScanJournal, ReadsWhatWasEncoded) {
  JournalScan scan = ScanJournal(EncodeRecords(kRecords));
  EXPECT_EQ(scan.records, kRecords);
  EXPECT_EQ(scan.good_size, EncodeRecords(kRecords).size());
  EXPECT_EQ(scan.damaged_bytes, 0u);
}

TEST(ScanJournal, AFileTornAtAnyByteKeepsEveryWholeRecord) {
  std::string bytes = EncodeRecords(kRecords);
  std::vector<size_t> ends = {0};
  for (const JournalRecord& record : kRecords) {
    ends.push_back(ends.back() + EncodeRecord(record).size());
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    JournalScan scan = ScanJournal(std::string_view(bytes).substr(0, size));
    size_t whole = 0;
    while (whole + 1 < ends.size() && ends[whole + 1] <= size) ++whole;
    ASSERT_EQ(scan.records.size(), whole) << size;
    ASSERT_EQ(scan.good_size, ends[whole]) << size;
    ASSERT_EQ(scan.damaged_bytes, 0u) << size;
  }
}

TEST(ScanJournal, AnyByteThatIsWrongCostsOneRecordAtMost) {
  const std::string bytes = EncodeRecords(kRecords);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string broken = bytes;
    broken[i] = static_cast<char>(broken[i] ^ 0x40);
    JournalScan scan = ScanJournal(broken);
    ASSERT_EQ(scan.records.size(), kRecords.size() - 1) << i;
    for (const JournalRecord& record : scan.records) {
      ASSERT_NE(std::find(kRecords.begin(), kRecords.end(), record),
                kRecords.end());
    }
  }
}

TEST(ScanJournal, DamageInTheMiddleIsNotTakenForATornEnd) {
  std::string bytes = EncodeRecords(kRecords);
  size_t first = EncodeRecord(kRecords[0]).size();
  bytes[first + 9] = static_cast<char>(~bytes[first + 9]);
  JournalScan scan = ScanJournal(bytes);
  EXPECT_EQ(scan.records.size(), 2u);
  EXPECT_EQ(scan.first_damage, first);
  EXPECT_EQ(scan.damaged_bytes, EncodeRecord(kRecords[1]).size());
}

TEST(ScanJournal, ZerosAtTheEndAreATornEnd) {
  std::string bytes = EncodeRecords(kRecords);
  JournalScan scan = ScanJournal(bytes + std::string(4096, '\0'));
  EXPECT_EQ(scan.records.size(), 3u);
  EXPECT_EQ(scan.good_size, bytes.size());
  EXPECT_EQ(scan.damaged_bytes, 0u);
}

TEST(ScanJournal, AnotherFileIsDamage) {
  JournalScan scan = ScanJournal("PM2 was here, this is no journal");
  EXPECT_TRUE(scan.records.empty());
  EXPECT_GT(scan.damaged_bytes, 0u);
}

TEST(ScanJournal, ASizeThatIsNonsenseIsNotAllocated) {
  std::string bytes = EncodeRecords({kRecords[0]});
  for (int i = 4; i < 8; ++i) bytes[i] = '\xff';
  EXPECT_TRUE(ScanJournal(bytes).records.empty());
}

TEST_F(LocalJournalFileTest, KeepsWhatIsAppended) {
  {
    auto file = Open();
    ASSERT_TRUE(file->Append({kRecords[0]}, true).ok());
    ASSERT_TRUE(file->Append({kRecords[1], kRecords[2]}, false).ok());
  }
  EXPECT_EQ(Records(), kRecords);
}

TEST_F(LocalJournalFileTest, AppendsAfterWhereATornEndWasCut) {
  { std::ofstream(path_) << EncodeRecords(kRecords).substr(0, 25); }
  auto file = Open();
  JournalScan scan = ScanJournal(file->Read().value());
  ASSERT_TRUE(file->Truncate(scan.good_size).ok());
  ASSERT_TRUE(file->Append({kRecords[2]}, true).ok());
  EXPECT_EQ(Records(), (std::vector<JournalRecord>{kRecords[0], kRecords[2]}));
}

TEST_F(LocalJournalFileTest, ReplaceLeavesOnlyTheNewContent) {
  auto file = Open();
  ASSERT_TRUE(file->Append(kRecords, true).ok());
  ASSERT_TRUE(file->Replace({kRecords[1]}, 1000).ok());
  ASSERT_TRUE(file->Append({kRecords[0]}, true).ok());
  EXPECT_EQ(Records(), (std::vector<JournalRecord>{kRecords[1], kRecords[0]}));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
}

TEST_F(LocalJournalFileTest, AnAppendThatDoesNotFitLeavesTheFileAsItWas) {
  auto file = Open();
  ASSERT_TRUE(file->Append({kRecords[0]}, true).ok());
  std::string before = file->Read().value();
  // A full disk, as far as a process can have one of its own.
  signal(SIGXFSZ, SIG_IGN);
  rlimit old;
  getrlimit(RLIMIT_FSIZE, &old);
  rlimit low = {before.size() + 10, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &low);
  absl::Status status = file->Append(kRecords, true);
  setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.ToString().find(path_), std::string::npos);
  EXPECT_EQ(Open()->Read().value(), before);
  ASSERT_TRUE(file->Append({kRecords[1]}, true).ok());
  EXPECT_EQ(Records(), (std::vector<JournalRecord>{kRecords[0], kRecords[1]}));
}

TEST(LocalJournalFile, WhatWasReservedIsThereOnAFullDiskAlsoForTheNextAgent) {
  SmallDisk disk(1 << 20);
  if (!disk.made()) GTEST_SKIP() << "needs root for a file system";
  const std::string path = disk.dir() + "/file";
  auto file = LocalJournalFile::Open(path).value();
  ASSERT_TRUE(file->Append(kRecords, true).ok());
  ASSERT_TRUE(file->Reserve(100 << 10).ok());
  const size_t size = file->size();
  disk.Fill();
  const JournalRecord ten_kib = {4, std::string(10 << 10, 'x')};
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(file->Append({ten_kib}, true).ok());
  // It is no part of the content.
  EXPECT_LT(std::filesystem::file_size(path), size + (50 << 10));
  file = LocalJournalFile::Open(path).value();
  EXPECT_TRUE(file->Reserve(50 << 10).ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(file->Append({ten_kib}, true).ok());
  absl::Status refused = file->Reserve(100 << 10);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(refused.message(), "write " + path + ": No space left on device");
  // What does not fit leaves what is reserved alone.
  EXPECT_FALSE(file->Append({{4, std::string(90 << 10, 'x')}}, true).ok());
  EXPECT_TRUE(file->Append({{4, std::string(5 << 10, 'x')}}, true).ok());
  EXPECT_FALSE(file->Replace(kRecords, 100 << 10).ok());
  disk.Empty();
  ASSERT_TRUE(file->Replace(kRecords, 100 << 10).ok());
  disk.Fill();
  EXPECT_TRUE(file->Append({ten_kib}, true).ok());
}

}  // namespace
}  // namespace fleet::agent
