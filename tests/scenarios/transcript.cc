#include "tests/scenarios/transcript.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace fleet::sim {
namespace {

constexpr size_t kEventWidth = 26;
constexpr size_t kDecisionWidth = 44;
constexpr size_t kCellWidth = 17;

// Lines of at most `width`, broken at spaces where there are some.
std::vector<std::string> Wrap(const std::string& text, size_t width) {
  std::vector<std::string> lines;
  std::string rest = text;
  while (rest.size() > width) {
    size_t cut = rest.rfind(' ', width);
    if (cut == std::string::npos || cut == 0) cut = width;
    lines.push_back(rest.substr(0, cut));
    rest.erase(0, cut);
    rest.erase(0, rest.find_first_not_of(' '));
  }
  lines.push_back(rest);
  return lines;
}

std::vector<std::string> WrapAll(const std::vector<std::string>& texts,
                                 size_t width) {
  std::vector<std::string> lines;
  for (const std::string& text : texts) {
    for (std::string& line : Wrap(text, width)) {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

std::string Line(const std::string& time, const std::string& event,
                 const std::string& decision,
                 const std::vector<std::string>& cells) {
  std::string line =
      absl::StrFormat("%8s  %-*s  %-*s", time, static_cast<int>(kEventWidth),
                      event, static_cast<int>(kDecisionWidth), decision);
  for (const std::string& cell : cells) {
    absl::StrAppend(
        &line, absl::StrFormat("  %-*s", static_cast<int>(kCellWidth), cell));
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

template <class T>
T At(const std::vector<T>& from, size_t index) {
  return index < from.size() ? from[index] : T();
}

}  // namespace

Transcript::Transcript(World& world, std::string app)
    : world_(world), app_(std::move(app)), begin_(world.timeline.now()) {
  for (const auto& [uid, record] : world_.rollout_referee.rollouts()) {
    seen_[uid] = record.events.rbegin()->first;
  }
  hooks_seen_ = world_.hook_referee.runs().size();
  for (size_t i = 0; i < hooks_seen_; ++i) hooks_ended_.insert(i);
  Look();
}

Transcript::Row& Transcript::RowNow() {
  const absl::Duration time =
      absl::Trunc(world_.timeline.now() - begin_, absl::Milliseconds(10));
  if (rows_.empty() || rows_.back().time != time)
    rows_.push_back({time, {}, {}, {}});
  return rows_.back();
}

void Transcript::Event(const std::string& text) {
  RowNow().events.push_back(text);
}

void Transcript::Look() {
  LookAtRollouts();
  LookAtHooks();
  for (const auto& [name, host] : world_.hosts()) {
    std::string cell = CellOf(*host);
    std::string& known = cells_[name];
    if (known == cell) continue;
    known = cell;
    RowNow().cells[name] = std::move(cell);
  }
}

void Transcript::LookAtRollouts() {
  for (const auto& [uid, record] : world_.rollout_referee.rollouts()) {
    int64_t& seen = seen_[uid];
    for (auto event = record.events.upper_bound(seen);
         event != record.events.end(); ++event) {
      if (std::find(uids_.begin(), uids_.end(), uid) == uids_.end()) {
        uids_.push_back(uid);
      }
      seen = event->first;
      const controller::RolloutEvent& e = event->second;
      std::string text =
          e.host.empty() ? absl::StrCat(uid, " ", Name(e.phase)) : e.host;
      if (!e.host.empty()) absl::StrAppend(&text, " ", Name(e.host_phase));
      if (!e.message.empty()) absl::StrAppend(&text, ": ", e.message);
      RowNow().decisions.push_back(std::move(text));
    }
  }
}

void Transcript::LookAtHooks() {
  const auto& runs = world_.hook_referee.runs();
  for (size_t i = 0; i < runs.size(); ++i) {
    const HookReferee::Run& run = runs[i];
    if (i >= hooks_seen_) {
      RowNow().events.push_back(
          absl::StrCat("(", run.host, " runs ", run.name, ")"));
    }
    if (!run.ended || !hooks_ended_.insert(i).second) continue;
    RowNow().events.push_back(absl::StrCat("(", run.host, ": ", run.name,
                                           " ends: ", run.reason, ")"));
  }
  hooks_seen_ = runs.size();
}

// "APPLYING r1+r2"
std::string Transcript::CellOf(const SimHost& host) const {
  std::set<int64_t> revisions;
  for (const auto& [id, process] : host.machine.processes()) {
    if (process.ready && !process.exited && !process.told_to_stop) {
      revisions.insert(process.identity.revision);
    }
  }
  std::string serves =
      absl::StrJoin(revisions, "+", [](std::string* out, int64_t revision) {
        absl::StrAppend(out, "r", revision);
      });
  if (serves.empty()) serves = "nothing";
  std::string phase;
  const RolloutRecord* newest = world_.rollout_referee.Newest(app_);
  if (newest != nullptr && seen_.count(newest->head.uid) > 0 &&
      !uids_.empty()) {
    for (const auto& [index, step] : newest->steps) {
      if (step.host == host.facts.name()) phase = Name(step.phase);
    }
  }
  return phase.empty() ? serves : absl::StrCat(phase, " ", serves);
}

std::string Transcript::Short(std::string text) const {
  for (size_t i = 0; i < uids_.size(); ++i) {
    absl::StrReplaceAll({{uids_[i], absl::StrCat("R", i + 1)}}, &text);
  }
  return text;
}

std::string Transcript::Text() const {
  std::vector<std::string> hosts;
  for (const auto& [name, host] : world_.hosts()) hosts.push_back(name);
  std::string text =
      Line("time", "what happens", "what the planner does", hosts);
  for (const Row& row : rows_) {
    const std::vector<std::string> events = WrapAll(row.events, kEventWidth);
    const std::vector<std::string> decisions =
        WrapAll(row.decisions, kDecisionWidth);
    const size_t lines = std::max<size_t>(
        {events.size(), decisions.size(), row.cells.empty() ? 0u : 1u});
    for (size_t i = 0; i < lines; ++i) {
      std::vector<std::string> cells;
      for (const std::string& host : hosts) {
        auto cell = row.cells.find(host);
        cells.push_back(i == 0 && cell != row.cells.end() ? cell->second : "");
      }
      const std::string time =
          i == 0 ? absl::StrFormat("%.2fs", absl::ToDoubleSeconds(row.time))
                 : "";
      absl::StrAppend(&text,
                      Line(time, At(events, i), At(decisions, i), cells));
    }
  }
  return Short(std::move(text));
}

}  // namespace fleet::sim
