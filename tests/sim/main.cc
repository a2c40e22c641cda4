// Runs stories from seeds: tests/sim/run.
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "tests/sim/shrink.h"
#include "tests/sim/story.h"

namespace fleet::sim {
namespace {

constexpr char kUsage[] =
    "tests/sim/run [--seeds N] [--from N] [--jobs N]\n"
    "tests/sim/run --seed N [--quiet] [--shrink]\n"
    "\n"
    "  --seeds N   so many seeds (1000)\n"
    "  --from N    beginning with this one (1)\n"
    "  --jobs N    processes at once (1)\n"
    "  --seed N    this one alone, with everything that happens in it\n"
    "  --quiet     without that\n"
    "  --shrink    with as few faults as still fail\n"
    "  --caught    succeeds if a seed fails (for mutants)\n";

struct Options {
  int64_t seeds = 1000;
  int64_t from = 1;
  int64_t jobs = 1;
  int64_t seed = -1;
  bool quiet = false;
  bool shrink = false;
  bool caught = false;
};

// A night finds more than one; more than this are one.
constexpr int kMostFailures = 10;

// What a crash of the program itself is told with.
int64_t current_seed = 0;

void OnAbort(int) {
  char text[120];
  const int n = snprintf(text, sizeof text,
                         "seed %lld ended the program; "
                         "tests/sim/run --seed %lld replays it\n",
                         static_cast<long long>(current_seed),
                         static_cast<long long>(current_seed));
  [[maybe_unused]] ssize_t written =
      write(STDERR_FILENO, text, static_cast<size_t>(n));
  _exit(1);
}

void Print(const std::string& line) { puts(line.c_str()); }

bool RunOne(int64_t seed, const Options& options) {
  Story story(static_cast<uint64_t>(seed));
  if (!options.quiet && !options.shrink) story.SetSink(Print);
  const std::string violation = story.Run();
  if (violation.empty()) {
    std::cout << "seed " << seed << ": all invariants held\n";
    return true;
  }
  if (options.shrink) Shrink(static_cast<uint64_t>(seed), Print);
  std::cout << "seed " << seed << " violates " << violation << "\n";
  return false;
}

// Told at once; the first one also with as little as fails.
void TellFailure(const std::string& violation, bool shrink) {
  std::cerr << "seed " << current_seed << " violates " << violation
            << "\nreplay: tests/sim/run --seed " << current_seed << "\n";
  if (shrink) Shrink(static_cast<uint64_t>(current_seed), Print);
  fflush(stdout);
}

// Seeds from, from + jobs, from + 2 jobs …
bool RunShare(const Options& options, int64_t job) {
  int failures = 0;
  for (int64_t i = job; i < options.seeds; i += options.jobs) {
    current_seed = options.from + i;
    Story story(static_cast<uint64_t>(current_seed));
    const std::string violation = story.Run();
    if (violation.empty()) continue;
    TellFailure(violation, !options.quiet && failures == 0);
    if (options.caught || ++failures == kMostFailures) return false;
  }
  return failures == 0;
}

bool RunAll(const Options& options) {
  const absl::Time begin = absl::Now();
  std::vector<pid_t> children;
  for (int64_t job = 0; job < options.jobs; ++job) {
    const pid_t child = fork();
    if (child == 0) _exit(RunShare(options, job) ? 0 : 1);
    children.push_back(child);
  }
  bool good = true;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    good &= WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  std::cout << options.seeds << " seeds from " << options.from << ": "
            << (good ? "all invariants held" : "FAILED") << " ("
            << absl::FormatDuration(
                   absl::Trunc(absl::Now() - begin, absl::Milliseconds(1)))
            << ")\n";
  return good;
}

bool ParseNumber(absl::string_view text, int64_t& number) {
  return absl::SimpleAtoi(text, &number) && number >= 0;
}

bool Parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const absl::string_view flag = argv[i];
    const absl::string_view value = i + 1 < argc ? argv[i + 1] : "";
    bool takes_value = true;
    bool good = true;
    if (flag == "--seeds") {
      good = ParseNumber(value, options.seeds);
    } else if (flag == "--from") {
      good = ParseNumber(value, options.from);
    } else if (flag == "--jobs") {
      good = ParseNumber(value, options.jobs) && options.jobs > 0;
    } else if (flag == "--seed") {
      good = ParseNumber(value, options.seed);
    } else {
      takes_value = false;
      options.quiet |= flag == "--quiet";
      options.shrink |= flag == "--shrink";
      options.caught |= flag == "--caught";
      good = flag == "--quiet" || flag == "--shrink" || flag == "--caught";
    }
    if (!good) return false;
    if (takes_value) ++i;
  }
  return true;
}

int Main(int argc, char** argv) {
  Options options;
  if (!Parse(argc, argv, options)) {
    std::cerr << kUsage;
    return 2;
  }
  spdlog::set_level(spdlog::level::off);
  signal(SIGABRT, OnAbort);
  signal(SIGSEGV, OnAbort);
  bool good;
  if (options.seed >= 0) {
    current_seed = options.seed;
    good = RunOne(options.seed, options);
  } else {
    good = RunAll(options);
  }
  return good != options.caught ? 0 : 1;
}

}  // namespace
}  // namespace fleet::sim

int main(int argc, char** argv) { return fleet::sim::Main(argc, argv); }
