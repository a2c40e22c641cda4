// Rotated files that are compressed, whatever happens meanwhile.
#include "node_agent/log_compressor.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node_agent/log_chain.h"
#include "node_agent/log_piece.h"
#include "node_agent/log_rotation.h"
#include "node_agent/zstd_log_writer.h"
#include "tests/node_agent/log_text.h"
#include "tests/node_agent/real_process.h"

namespace fleet::agent {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

// Several frames of it.
std::string ManyLines() {
  std::string text;
  for (int i = 0; text.size() < 3 * kZstdFrameText; ++i) {
    absl::StrAppend(&text, "line ", i, " of a program that says little new\n");
  }
  return text;
}

class LogCompressorTest : public testing::Test {
 protected:
  LogCompressorTest() { fs::create_directory(times_); }

  void Write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  // Its marks say when it was written, as the pump makes them.
  void Mark(const std::string& path, absl::Time time, uint64_t serial) {
    LogTimes times(times_);
    times.Open(LogPiece::IdOf(path), 0, serial);
    times.Add(0, time);
    times.Flush();
  }
  std::string Unpacked(const std::string& path) {
    const auto piece = LogPiece::Open(path, /*compressed=*/true, times_);
    if (piece == nullptr) return "not there";
    std::string text(static_cast<size_t>(piece->Size()), '\0');
    size_t done = 0;
    while (done < text.size()) {
      const size_t n = piece->Read(static_cast<int64_t>(done),
                                   text.data() + done, text.size() - done);
      if (n == 0) return "cannot be read";
      done += n;
    }
    return text;
  }
  std::vector<std::string> Files() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(dir_.path())) {
      if (entry.is_regular_file()) names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  bool Await(const std::vector<std::string>& files) {
    return RunUntil(loop_, [&] { return Files() == files; });
  }

  TempDir dir_;
  const std::string log_ = dir_.path() + "/out.log";
  const std::string times_ = dir_.path() + "/.times";
  SystemClock clock_;
  EventLoop loop_{clock_};
  std::unique_ptr<LogCompressor> compressor_ =
      std::make_unique<LogCompressor>(loop_, times_);
};

TEST_F(LogCompressorTest, EveryRotatedFileIsCompressedAndReadAsBefore) {
  const std::string text = ManyLines();
  const absl::Time written = absl::FromUnixSeconds(1'700'000'000);
  Write(log_, "now\n");
  Write(log_ + ".1", text);
  Write(log_ + ".2", "older\n");
  Mark(log_ + ".1", written, 7);
  chmod((log_ + ".1").c_str(), 0640);
  compressor_->Add(log_);
  ASSERT_TRUE(Await({"out.log", "out.log.1.zst", "out.log.2.zst"}));
  EXPECT_TRUE(Unpacked(log_ + ".1.zst") == text);
  EXPECT_EQ(Unpacked(log_ + ".2.zst"), "older\n");
  EXPECT_LT(fs::file_size(log_ + ".1.zst"), text.size() / 4);
  EXPECT_EQ(fs::status(log_ + ".1.zst").permissions(), fs::perms{0640});
  const auto piece = LogPiece::Open(log_ + ".1.zst", true, times_);
  EXPECT_EQ(piece->TimeAt(100), written);
  EXPECT_EQ(piece->serial(), 7u);
}

TEST_F(LogCompressorTest, AFileThatIsRenamedMeanwhileGetsItsNewNumber) {
  const std::string text = ManyLines();
  Write(log_ + ".1", text);
  compressor_->Add(log_);
  Write(log_, "next\n");
  ASSERT_TRUE(LogRotation(log_, times_).Rotate(10));
  ASSERT_TRUE(Await({"out.log.1.zst", "out.log.2.zst"}));
  EXPECT_TRUE(Unpacked(log_ + ".2.zst") == text);
  EXPECT_EQ(Unpacked(log_ + ".1.zst"), "next\n");
}

TEST_F(LogCompressorTest, AFileThatIsRemovedMeanwhileStaysRemoved) {
  Write(log_ + ".1", ManyLines());
  compressor_->Add(log_);
  LogRotation(log_, times_).RemoveAll();
  EXPECT_THAT(Files(), IsEmpty());
  // It goes on with the next one.
  Write(log_ + ".1", "other\n");
  compressor_->Add(log_);
  ASSERT_TRUE(Await({"out.log.1.zst"}));
  EXPECT_EQ(Unpacked(log_ + ".1.zst"), "other\n");
}

TEST_F(LogCompressorTest, AnAgentThatEndsLeavesTheWholeFile) {
  const std::string text = ManyLines();
  Write(log_ + ".1", text);
  compressor_->Add(log_);
  compressor_.reset();
  ASSERT_THAT(Files(), ElementsAre("out.log.1"));
  EXPECT_TRUE(ReadAll(log_ + ".1") == text);
}

// Each state in which a kill may leave the folder.
TEST_F(LogCompressorTest, WhatAKillLeavesIsOneWholeCopyAndIsMended) {
  const std::string text = ManyLines();
  Write(log_ + ".1", text);
  compressor_->Add(log_);
  ASSERT_TRUE(Await({"out.log.1.zst"}));
  const std::string packed = ReadAll(log_ + ".1.zst");

  // While it was being written.
  fs::remove(log_ + ".1.zst");
  Write(log_ + ".1", text);
  Write(PartPath(log_), packed.substr(0, packed.size() / 2));
  ASSERT_EQ(RotatedLogs(log_).size(), 1u);
  EXPECT_FALSE(RotatedLogs(log_)[0].compressed);
  compressor_->Add(log_);
  ASSERT_TRUE(Await({"out.log.1.zst"}));
  EXPECT_TRUE(Unpacked(log_ + ".1.zst") == text);

  // When it had its name, and the plain one was not gone yet.
  Write(log_ + ".1", text);
  ASSERT_EQ(RotatedLogs(log_).size(), 1u);
  EXPECT_TRUE(RotatedLogs(log_)[0].compressed);
  compressor_->Add(log_);
  ASSERT_TRUE(Await({"out.log.1.zst"}));
  EXPECT_TRUE(Unpacked(log_ + ".1.zst") == text);
}

TEST_F(LogCompressorTest, WhatCannotBeWrittenStaysAsItIs) {
  Write(log_ + ".1", "text\n");
  fs::create_directory(PartPath(log_));
  compressor_->Add(log_);
  EXPECT_THAT(Files(), ElementsAre("out.log.1"));
  // Nor does it hold up another log.
  const std::string other = dir_.path() + "/other.log";
  Write(other + ".1", "other\n");
  compressor_->Add(other);
  ASSERT_TRUE(Await({"other.log.1.zst", "out.log.1"}));
  fs::remove(PartPath(log_));
  compressor_->Add(log_);
  EXPECT_TRUE(Await({"other.log.1.zst", "out.log.1.zst"}));
}

TEST_F(LogCompressorTest, AReaderWalksOverPlainAndCompressedFiles) {
  Write(log_ + ".2", "first\n");
  Write(log_ + ".1", "second\n");
  Write(log_, "third\n");
  uint64_t serial = 0;
  for (const char* suffix : {".2", ".1", ""}) {
    Mark(log_ + suffix, absl::FromUnixSeconds(1'700'000'000), ++serial);
  }
  LogChain chain(log_, times_);
  LogPiece* third = chain.Newest();
  LogPiece* second = chain.Before(*third);
  ASSERT_NE(second, nullptr);
  // What it has open is compressed under it.
  compressor_->Add(log_);
  ASSERT_TRUE(Await({"out.log", "out.log.1.zst", "out.log.2.zst"}));
  LogPiece* first = chain.Before(*second);
  ASSERT_NE(first, nullptr);
  std::string text(6, '\0');
  EXPECT_EQ(first->Read(0, text.data(), text.size()), 6u);
  EXPECT_EQ(text, "first\n");
  EXPECT_EQ(chain.Before(*first), nullptr);
  EXPECT_EQ(chain.After(*second), third);
}

}  // namespace
}  // namespace fleet::agent
