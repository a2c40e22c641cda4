#include "node_agent/slot_run.h"

#include <algorithm>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace fleet::agent {
namespace {

constexpr char kRunVersion[] = "r1";
constexpr size_t kRunFields = 12;
// Of its last words.
constexpr size_t kMaxRunLines = 5;
constexpr size_t kMaxRunLineBytes = 200;
constexpr size_t kMaxRunExitBytes = 512;

// The numbers of the two enums, which are those of the file as well.
int RunNumber(SlotPhase phase) { return static_cast<int>(phase); }
int RunNumber(FailureKind failure) { return static_cast<int>(failure); }

std::string RunLastWords(const Slot& slot) {
  size_t count = std::min(slot.last_stderr.size(), kMaxRunLines);
  return absl::StrJoin(slot.last_stderr.end() - static_cast<ptrdiff_t>(count),
                       slot.last_stderr.end(), "\n",
                       [](std::string* out, const std::string& line) {
                         out->append(line, 0, kMaxRunLineBytes);
                       });
}

std::string RunUnescaped(const std::string& text) {
  std::string result;
  return absl::CUnescape(text, &result) ? result : "";
}

struct RunNumbers {
  int64_t nonce = 0;
  int phase = 0;
  int failure = 0;
  int unstable_exits = 0;
  int64_t restarts = 0;
  int64_t series_micros = 0;
  int64_t next_start_micros = 0;
  int64_t uptime_micros = 0;
};

bool ReadRunNumbers(const std::vector<std::string>& f, RunNumbers& n) {
  return absl::SimpleAtoi(f[1], &n.nonce) && absl::SimpleAtoi(f[2], &n.phase) &&
         absl::SimpleAtoi(f[3], &n.failure) &&
         absl::SimpleAtoi(f[4], &n.unstable_exits) &&
         absl::SimpleAtoi(f[5], &n.restarts) &&
         absl::SimpleAtoi(f[6], &n.series_micros) &&
         absl::SimpleAtoi(f[7], &n.next_start_micros) &&
         absl::SimpleAtoi(f[8], &n.uptime_micros) && n.phase >= 0 &&
         n.phase <= RunNumber(SlotPhase::kExited) && n.failure >= 0 &&
         n.failure <= RunNumber(FailureKind::kUnhealthy);
}

}  // namespace

SlotRunMark MarkOf(const Slot& slot) {
  SlotRunMark mark;
  mark.phase = slot.phase;
  mark.failure = slot.last_failure;
  mark.unstable_exits = slot.restart.unstable_exits;
  mark.restarts = slot.restart.restarts;
  mark.newest_counted = slot.counted.empty() ? 0 : slot.counted.back();
  return mark;
}

std::string EncodeSlotRun(const AppState& app, const Slot& slot) {
  return absl::StrJoin(
      std::make_tuple(kRunVersion, app.target.start_nonce,
                      RunNumber(slot.phase), RunNumber(slot.last_failure),
                      slot.restart.unstable_exits, slot.restart.restarts,
                      absl::ToInt64Microseconds(slot.restart.series_delay),
                      absl::ToUnixMicros(slot.next_start),
                      absl::ToInt64Microseconds(slot.last_uptime),
                      absl::StrJoin(slot.counted, ","),
                      absl::CEscape(slot.last_exit.substr(0, kMaxRunExitBytes)),
                      absl::CEscape(RunLastWords(slot))),
      "\t");
}

void RestoreSlotRun(const AppState& app, const std::string& text, Slot& slot) {
  std::vector<std::string> f = absl::StrSplit(text, '\t');
  RunNumbers n;
  if (f.size() != kRunFields || f[0] != kRunVersion || !ReadRunNumbers(f, n))
    return;
  slot.restart.restarts = n.restarts;
  slot.last_exit = RunUnescaped(f[10]);
  slot.last_uptime = absl::Microseconds(n.uptime_micros);
  for (absl::string_view id : absl::StrSplit(f[9], ',', absl::SkipEmpty())) {
    WorkerId worker = 0;
    if (absl::SimpleAtoi(id, &worker)) slot.counted.push_back(worker);
  }
  if (n.nonce != app.target.start_nonce) return;
  slot.phase = static_cast<SlotPhase>(n.phase);
  slot.last_failure = static_cast<FailureKind>(n.failure);
  slot.restart.unstable_exits = n.unstable_exits;
  slot.restart.series_delay = absl::Microseconds(n.series_micros);
  slot.next_start = absl::FromUnixMicros(n.next_start_micros);
  slot.last_stderr =
      absl::StrSplit(RunUnescaped(f[11]), '\n', absl::SkipEmpty());
}

}  // namespace fleet::agent
