// How fast the log pump is beside `cat`: the same writer, the same pipe, the
// same file system, in turns.
//
//   log_pump_bench FOLDER [MEGABYTES [ROUNDS]]
//
// Prints one line of JSON for each case: bytes per second of wall time, and of
// the reader's own CPU time. The log files it makes are removed again.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "node_agent/pipe_log_pump.h"
#include "proto/rpc/clock.h"

namespace fleet::agent {
namespace {

constexpr size_t kBlock = 64 * 1024;

struct Speed {
  double wall = 0;  // Bytes per second.
  double cpu = 0;   // Bytes per second of CPU time.
};

struct Case {
  std::string name;
  size_t line = 100;
  // Lines are written one by one, not in blocks.
  bool single = false;
  LogPolicy policy;
};

double Seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

double CpuSeconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

std::string Text(size_t line) {
  std::string text;
  while (text.size() + line <= kBlock) {
    std::string one = "line " + std::to_string(text.size()) + " ";
    one.resize(line - 1, 'x');
    text += one + "\n";
  }
  return text;
}

// Whole blocks until `bytes` are written.
[[noreturn]] void WriteAll(int fd, const Case& c, int64_t bytes) {
  const std::string text = Text(c.line);
  const size_t step = c.single ? c.line : text.size();
  for (int64_t done = 0; done < bytes;) {
    for (size_t at = 0; at < text.size(); at += step) {
      const char* from = text.data() + at;
      size_t left = step;
      while (left > 0) {
        ssize_t n = write(fd, from, left);
        if (n <= 0) _exit(1);
        from += n;
        left -= static_cast<size_t>(n);
      }
    }
    done += static_cast<int64_t>(text.size());
  }
  _exit(0);
}

// Starts the writer; the read end of its pipe.
int StartWriter(const Case& c, int64_t bytes, pid_t* pid) {
  std::array<int, 2> fds;
  if (pipe2(fds.data(), O_CLOEXEC) != 0) abort();
  *pid = fork();
  if (*pid == 0) {
    close(fds[0]);
    WriteAll(fds[1], c, bytes);
  }
  close(fds[1]);
  return fds[0];
}

void Await(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, 0) != pid || status != 0) abort();
}

Speed Measure(int64_t bytes, const std::function<double()>& run) {
  SystemClock clock;
  absl::Time start = clock.Now();
  double cpu = run();
  double wall = absl::ToDoubleSeconds(clock.Now() - start);
  auto amount = static_cast<double>(bytes);
  return {amount / wall, amount / cpu};
}

Speed RunCat(const Case& c, const std::string& folder, int64_t bytes) {
  std::string path = folder + "/cat.log";
  Speed speed = Measure(bytes, [&] {
    pid_t writer = 0;
    int pipe = StartWriter(c, bytes, &writer);
    pid_t cat = fork();
    if (cat == 0) {
      int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      dup2(pipe, 0);
      dup2(file, 1);
      execlp("cat", "cat", nullptr);
      _exit(127);
    }
    close(pipe);
    Await(writer);
    double before = CpuSeconds(RUSAGE_CHILDREN);
    Await(cat);
    return CpuSeconds(RUSAGE_CHILDREN) - before;
  });
  std::filesystem::remove(path);
  return speed;
}

Speed RunPump(const Case& c, const std::string& folder, int64_t bytes) {
  std::string logs = folder + "/logs";
  Speed speed = Measure(bytes, [&] {
    pid_t writer = 0;
    int pipe = StartWriter(c, bytes, &writer);
    fcntl(pipe, F_SETFL, O_NONBLOCK);
    double before = CpuSeconds(RUSAGE_SELF);
    {
      SystemClock clock;
      EventLoop loop(clock);
      LogTransit transit({}, nullptr);
      PipeLogPump pump(loop, transit, {logs, "host-1"});
      pump.Add(1, "web", 0, LogStreamKind::kOut, c.policy, UniqueFd(pipe));
      while (waitpid(writer, nullptr, WNOHANG) == 0) {
        for (int i = 0; i < 100; ++i) loop.RunOnce(absl::Milliseconds(10));
      }
      pump.Finish(1);
      if (pump.lost_bytes() != 0) abort();
    }
    return CpuSeconds(RUSAGE_SELF) - before;
  });
  std::filesystem::remove_all(logs);
  return speed;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::vector<Case> Cases() {
  std::vector<Case> cases(8);
  cases[0].name = "raw";
  cases[0].policy.max_size_bytes = 0;
  cases[1].name = "raw, rotated";
  cases[2].name = "raw, rotated, a write per line";
  cases[2].single = true;
  cases[3].name = "raw, rotated, 1000-byte lines";
  cases[3].line = 1000;
  cases[4].name = "time";
  cases[4].policy.date_format = "YYYY-MM-DDTHH:mm:ss.SSSZ";
  cases[5].name = "json";
  cases[5].policy.json = true;
  cases[6].name = "two files";
  cases[6].policy.log_file = "auto";
  cases[7].name = "json, a write per line";
  cases[7].policy.json = true;
  cases[7].single = true;
  return cases;
}

void Run(const std::string& folder, int64_t bytes, int rounds) {
  for (const Case& c : Cases()) {
    std::array<std::vector<double>, 4> samples;
    for (int i = 0; i < rounds; ++i) {
      Speed pump = RunPump(c, folder, bytes);
      Speed cat = RunCat(c, folder, bytes);
      samples[0].push_back(pump.wall);
      samples[1].push_back(pump.cpu);
      samples[2].push_back(cat.wall);
      samples[3].push_back(cat.cpu);
    }
    std::printf(
        "{\"case\": \"%s\", \"pump\": %.0f, \"pump_per_core\": %.0f, "
        "\"cat\": %.0f, \"cat_per_core\": %.0f}\n",
        c.name.c_str(), Median(samples[0]) / 1e6, Median(samples[1]) / 1e6,
        Median(samples[2]) / 1e6, Median(samples[3]) / 1e6);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace fleet::agent

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: log_pump_bench FOLDER [MEGABYTES [ROUNDS]]\n", stderr);
    return 2;
  }
  int64_t megabytes = argc > 2 ? std::atoll(argv[2]) : 1000;
  int rounds = argc > 3 ? std::atoi(argv[3]) : 3;
  std::filesystem::create_directories(argv[1]);
  fleet::agent::Run(argv[1], megabytes * 1000000, rounds);
  return 0;
}
