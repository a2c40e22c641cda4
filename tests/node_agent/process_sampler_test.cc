#include "node_agent/process_sampler.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "node_agent/proc_reader.h"
#include "node_agent/process_usage.h"
#include "proto/rpc/clock.h"

namespace fleet::agent {
namespace {

TEST(ProcessUsage, ALineOfStat) {
  auto usage = ParseProcessUsage(
      "42 (a) b (c) S 1 42 42 0 -1 4194560 100 200 0 0 11 22 300 400 20 0 7 0 "
      "12345 1000000 25 18446744073709551615 1 1 0 0 0 0 0 0 0\n");
  ASSERT_TRUE(usage.has_value());
  auto per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  EXPECT_EQ(usage->ended_children_cpu, absl::Seconds(700 / per_second));
  EXPECT_EQ(usage->threads, 7);
  EXPECT_EQ(usage->start_ticks, 12345u);
  EXPECT_EQ(usage->rss_bytes, 25 * sysconf(_SC_PAGESIZE));
}

TEST(ProcessUsage, WhatIsNoLivingProcess) {
  for (const char* line :
       {"", "42", "42 (a)", "42 (a) S", "42 (a) S 1 2 x",
        "42 (a) Z 1 42 42 0 -1 4194560 100 200 0 0 11 22 300 400 20 0 7 0 "
        "12345 1000000 25 1"}) {
    EXPECT_FALSE(ParseProcessUsage(line).has_value()) << line;
  }
}

// Of a process that starts none: the thread sanitizer has one of its own.
#ifdef __SANITIZE_THREAD__
constexpr int kThreads = 2;
#else
constexpr int kThreads = 1;
#endif

// Processes of the test, and a sampler that is told of them.
class ProcessSamplerTest : public testing::Test {
 protected:
  ~ProcessSamplerTest() override {
    for (pid_t pid : children_) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }
  static ProcessRef Ref(pid_t pid) {
    return {pid, ReadProcStat(pid)->start_ticks};
  }
  // One that burns CPU time (or only waits), until it is killed.
  pid_t Fork(bool burns) {
    pid_t pid = fork();
    if (pid == 0) {
      for (;;) {
        if (!burns) pause();
      }
    }
    children_.push_back(pid);
    return pid;
  }
  static absl::Duration Used(pid_t pid) {
    return ReadProcessCpu(pid).value_or(absl::ZeroDuration());
  }
  std::vector<WorkerSample> Sample(
      std::optional<absl::Duration> counted = std::nullopt) {
    return sampler_.Sample(
        clock_.Now(),
        [this](WorkerId) {
          ++looks_;
          return tree_;
        },
        [counted](WorkerId) { return counted; });
  }

  SystemClock clock_;
  ProcessSampler sampler_;
  std::vector<pid_t> children_;
  std::vector<ProcessRef> tree_;
  int looks_ = 0;
};

TEST_F(ProcessSamplerTest, MeasuresOneProcess) {
  pid_t pid = Fork(true);
  sampler_.Add(5, Ref(pid), clock_.Now());
  sampler_.Add(6, {1 << 30, 1}, clock_.Now());  // There is no such process.
  absl::Duration before = Used(pid);
  while (Used(pid) < before + absl::Milliseconds(50)) usleep(1000);
  std::vector<WorkerSample> samples = Sample();
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_EQ(samples[0].id, 5u);
  EXPECT_GT(samples[0].rss_bytes, 100 * 1024);
  EXPECT_GT(samples[0].cpu_cores, 0.01);
  EXPECT_EQ(samples[0].processes, 1);
  EXPECT_EQ(samples[0].threads, kThreads);
  EXPECT_GT(samples[0].open_files, 2);
  EXPECT_GT(samples[0].pss_bytes, 0);
  EXPECT_EQ(looks_, 0);
  EXPECT_EQ(ProcessSampler::ReadRss(1 << 30), 0);
}

TEST_F(ProcessSamplerTest, CountsTheWholeTree) {
  pid_t main = Fork(false);
  sampler_.Add(5, Ref(main), clock_.Now());
  int64_t alone = Sample().at(0).rss_bytes;
  // It had run for long when it was found.
  pid_t late = Fork(true);
  while (Used(late) < absl::Milliseconds(100)) usleep(1000);
  tree_ = {Ref(main), Ref(late)};
  WorkerSample sample;
  for (int i = 0; i < ProcessSampler::kSamplesPerLook; ++i) {
    sample = Sample().at(0);
    if (sample.processes == 2) break;
  }
  EXPECT_EQ(sample.processes, 2);
  EXPECT_EQ(sample.threads, 2 * kThreads);
  EXPECT_GT(sample.rss_bytes, alone);
  EXPECT_LE(sample.cpu_cores, 4);  // Not what it used before.
  absl::Duration before = Used(late);
  while (Used(late) < before + absl::Milliseconds(50)) usleep(1000);
  EXPECT_GT(Sample().at(0).cpu_cores, 0.01);
}

TEST_F(ProcessSamplerTest, ATreeThatIsCountedElsewhereIsNotSummedUp) {
  sampler_.Add(5, Ref(Fork(false)), clock_.Now());
  Sample(absl::Seconds(10));
  EXPECT_GT(Sample(absl::Hours(1)).at(0).cpu_cores, 100);
  EXPECT_EQ(Sample(absl::Hours(1)).at(0).cpu_cores, 0);
}

TEST_F(ProcessSamplerTest, ANumberThatPassedToAnotherProcessIsNotTheWorker) {
  ProcessRef other = Ref(Fork(false));
  ++other.start_ticks;
  sampler_.Add(5, other, clock_.Now());
  EXPECT_TRUE(Sample().empty());
}

TEST_F(ProcessSamplerTest, MeasuresTheHost) {
  EXPECT_EQ(sampler_.SampleHost(clock_.Now()).cpu_cores, 0);
  HostSample host = sampler_.SampleHost(clock_.Now());
  EXPECT_GT(host.cores, 0);
  EXPECT_GT(host.memory_bytes, host.memory_used_bytes);
  EXPECT_GT(host.memory_used_bytes, 0);
}

}  // namespace
}  // namespace fleet::agent
