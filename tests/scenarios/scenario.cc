#include "tests/scenarios/scenario.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"
#include "tests/scenarios/policy_words.h"
#include "tests/sim/ending.h"

namespace fleet::sim {
namespace {

using controller::RolloutKind;

constexpr uint64_t kSeed = 1;

absl::Status Unknown(const std::vector<std::string>& words) {
  return absl::InvalidArgumentError(
      absl::StrCat("cannot understand: ", absl::StrJoin(words, " ")));
}

bool Has(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string Word(const std::vector<std::string>& words, size_t index) {
  return index < words.size() ? words[index] : "";
}

}  // namespace

Scenario::Scenario(Script script)
    : script_(std::move(script)), world_(kSeed), ann_(world_, "web") {}

absl::StatusOr<std::string> Scenario::Play() {
  for (const Words& words : script_.settings) RETURN_IF_ERROR(Set(words));
  RETURN_IF_ERROR(Prepare());
  absl::Status status = Run();
  if (status.ok() && world_.verdict.failed()) {
    status = absl::FailedPreconditionError(world_.violation());
  }
  if (!status.ok()) return Annotate(status, transcript_->Text());
  return transcript_->Text();
}

// ----------------------------------------------------------------- settings

absl::Status Scenario::Set(const Words& words) {
  int number = 0;
  const bool numeric = absl::SimpleAtoi(Word(words, 1), &number);
  if (words[0] == "hosts" && numeric) {
    hosts_ = number;
  } else if (words[0] == "zones") {
    zones_.assign(words.begin() + 1, words.end());
  } else if (words[0] == "instances" && numeric) {
    ann_.spec().instances = number;
  } else if (words[0] == "strategy") {
    ann_.spec().reload_strategy = Word(words, 1) == "stop-first"
                                      ? ReloadStrategy::kStopFirst
                                      : ReloadStrategy::kSurge;
  } else if (words[0] == "policy") {
    return SetPolicy(words);
  } else if (words[0] == "spec") {
    return SetSpec(words);
  } else if (words[0] == "release") {
    return AddRelease(words);
  } else {
    return Unknown(words);
  }
  return absl::OkStatus();
}

absl::Status Scenario::SetPolicy(const Words& words) {
  for (size_t i = 1; i < words.size(); ++i) {
    const std::pair<std::string, std::string> pair =
        absl::StrSplit(words[i], absl::MaxSplits('=', 1));
    const std::string& value = pair.second;
    absl::Duration time;
    const bool timed = absl::ParseDuration(value, &time);
    int number = 0;
    if (pair.first == "max_parallel") {
      policy_.max_parallel = value;
    } else if (pair.first == "max_failures") {
      policy_.max_failures = value;
    } else if (pair.first == "on_failure") {
      policy_.on_failure = value == "abort"      ? OnFailure::kAbort
                           : value == "rollback" ? OnFailure::kRollback
                                                 : OnFailure::kPause;
    } else if (pair.first == "canary") {
      policy_.canary = value;
    } else if (pair.first == "waves") {
      policy_.waves = absl::StrSplit(value, ',');
    } else if (pair.first == "promotion") {
      policy_.promotion =
          value == "manual" ? Promotion::kManual : Promotion::kAutomatic;
    } else if (pair.first == "max_unavailable") {
      policy_.max_unavailable = value;
    } else if (pair.first == "max_zones") {
      policy_.zone_label = "zone";
      policy_.max_zones = absl::SimpleAtoi(value, &number) ? number : 1;
    } else if (pair.first == "bake_time" && timed) {
      policy_.bake_time = time;
    } else if (pair.first == "max_skipped") {
      policy_.max_skipped = value;
    } else if (pair.first == "step_deadline" && timed) {
      policy_.step_deadline = time;
    } else if (pair.first == "total_deadline" && timed) {
      policy_.total_deadline = time;
    } else if (pair.first == "unknown_grace" && timed) {
      policy_.unknown_grace = time;
    } else if (pair.first == "max_flaps") {
      int flaps = 0;
      if (!absl::SimpleAtoi(value, &flaps)) return Unknown(words);
      policy_.max_flaps = flaps;
    } else if (pair.first == "min_ready_time" && timed) {
      policy_.min_ready_time = time;
    } else if (pair.first == "ready_deadline" && timed) {
      policy_.ready_deadline = time;
    } else if (pair.first == "progress_deadline" && timed) {
      policy_.progress_deadline = time;
    } else if (!SetHook(pair.first, value, policy_.hooks) &&
               !SetGate(pair.first, value, policy_)) {
      return Unknown(words);
    }
  }
  return absl::OkStatus();
}

// "spec pre_reload=works …": hooks of the app's own policy.
absl::Status Scenario::SetSpec(const Words& words) {
  for (size_t i = 1; i < words.size(); ++i) {
    const std::pair<std::string, std::string> pair =
        absl::StrSplit(words[i], absl::MaxSplits('=', 1));
    if (!SetHook(pair.first, pair.second, ann_.spec().rollout.hooks)) {
      return Unknown(words);
    }
  }
  return absl::OkStatus();
}

// "release NAME KIND"
absl::Status Scenario::AddRelease(const Words& words) {
  Release release;
  release.varies = false;
  for (int kind = 0; kind < kReleaseKinds; ++kind) {
    release.kind = static_cast<ReleaseKind>(kind);
    if (Word(words, 2) != Name(release.kind)) continue;
    releases_[words[1]] = world_.releases.Add(release);
    return absl::OkStatus();
  }
  return Unknown(words);
}

absl::Status Scenario::Prepare() {
  world_.gate_servers.SetSteady();
  world_.releases.SetSteadyHooks();
  world_.StartController();
  for (int i = 0; i < hosts_; ++i) {
    world_.AddHost(absl::StrCat("host-", i + 1),
                   zones_[static_cast<size_t>(i) % zones_.size()]);
  }
  auto all_came = [this] {
    return world_.controller.core().hosts.connected_count() == hosts_;
  };
  world_.RunUntil(all_came, absl::Minutes(1));
  Release first;
  first.varies = false;
  RETURN_IF_ERROR(ann_.Apply(world_.releases.Add(first), {}, false).status());
  if (!world_.RunUntil([this] { return AtRest(world_, ann_.app()); },
                       absl::Minutes(10))) {
    return absl::FailedPreconditionError(Unrest(world_, ann_.app()));
  }
  begin_ = world_.timeline.now();
  transcript_ = std::make_unique<Transcript>(world_, ann_.app());
  return absl::OkStatus();
}

// ------------------------------------------------------------------ playing

bool Scenario::Due(const Cue& cue) const {
  if (cue.host.empty()) return world_.timeline.now() - begin_ >= cue.at;
  const RolloutRecord* newest = world_.rollout_referee.Newest("web");
  for (const auto& [index, step] : newest->steps) {
    if (step.host == cue.host) return Name(step.phase) == cue.phase;
  }
  return false;
}

bool Scenario::Over() const {
  const RolloutRecord* newest = world_.rollout_referee.Newest("web");
  const controller::RolloutState& state = newest->head.state;
  if (script_.until == "held") return !state.holds.empty();
  return Terminal(state.phase);
}

absl::Status Scenario::Run() {
  const absl::Time end = begin_ + script_.within;
  std::deque<Cue> cues(script_.cues.begin(), script_.cues.end());
  while (!cues.empty() || !Over()) {
    if (!cues.empty() && Due(cues.front())) {
      const Words words = cues.front().words;
      cues.pop_front();
      transcript_->Event(absl::StrJoin(words, " "));
      RETURN_IF_ERROR(Do(words));
      transcript_->Look();
      continue;
    }
    absl::Time limit = end;
    if (!cues.empty() && cues.front().host.empty()) {
      limit = std::min(end, begin_ + cues.front().at);
    }
    const bool stepped = world_.Step(limit);
    transcript_->Look();
    if (world_.verdict.failed()) return absl::OkStatus();
    if (!stepped && limit == end) {
      return absl::FailedPreconditionError(
          absl::StrCat("it is not ", script_.until, " in time"));
    }
  }
  // What is on its way still arrives.
  const absl::Time rest = world_.timeline.now() + absl::Seconds(8);
  while (world_.Step(rest)) transcript_->Look();
  return absl::OkStatus();
}

absl::Duration Scenario::For(const Words& words, absl::Duration otherwise) {
  auto at = std::find(words.begin(), words.end(), "for");
  absl::Duration time;
  if (at == words.end() || ++at == words.end()) return otherwise;
  return absl::ParseDuration(*at, &time) ? time : otherwise;
}

absl::Status Scenario::Do(const Words& words) {
  if (words[0] == "policy") return SetPolicy(words);
  if (words[0] == "spec") return SetSpec(words);
  if (Ask(words) || DoToController(words) || DoOnHost(words)) {
    return absl::OkStatus();
  }
  return Unknown(words);
}

bool Scenario::Ask(const Words& words) {
  const std::string& what = words[0];
  const bool supersede = Has(words, "--supersede");
  absl::Status status;
  if (what == "apply" && releases_.contains(Word(words, 1))) {
    status = ann_.Apply(releases_[words[1]], policy_, supersede).status();
  } else if (what == "reload" || what == "restart") {
    const RolloutKind kind =
        what == "reload" ? RolloutKind::kReload : RolloutKind::kRestart;
    const std::string request = Has(words, "--request-id") ? words.back() : "";
    status = ann_.Roll(kind, policy_, supersede, request).status();
  } else if (what == "pause") {
    status = ann_.Pause();
  } else if (what == "resume") {
    status = ann_.Resume();
  } else if (what == "retry") {
    status = ann_.Retry();
  } else if (what == "abort") {
    status = ann_.Abort();
  } else if (what == "promote") {
    status = ann_.Promote(Has(words, "--now"));
  } else if (what == "undo") {
    status = ann_.Undo();
  } else if (what == "rollback") {
    status = ann_.Roll(RolloutKind::kRollback, policy_, supersede, "").status();
  } else if (what == "stop") {
    status = ann_.Stop();
  } else if (what == "start") {
    status = ann_.Start();
  } else if (what == "remove") {
    status = ann_.RemoveHost(Word(words, 1));
  } else if (what == "cordon" || what == "drain") {
    status = ann_.Cordon(Word(words, 1), what == "drain");
  } else if (what == "uncordon") {
    status = ann_.Uncordon(Word(words, 1));
  } else if (what == "hang-up") {
    world_.watcher.HangUp();
  } else {
    return false;
  }
  if (!status.ok()) {
    transcript_->Event(absl::StrCat("→ ", status.message()));
  }
  return true;
}

bool Scenario::DoToController(const Words& words) {
  if (Word(words, 1) != "controller") return false;
  if (words[0] == "crash") {
    world_.CrashController(For(words, absl::Seconds(2)), false);
    return true;
  }
  if (words[0] == "jump-clock") {
    world_.controller_clock.JumpWall(For(words, absl::Hours(10)));
    return true;
  }
  if (words[0] == "doom") {  // It dies at the n-th point from now on.
    int points = 0;
    if (!absl::SimpleAtoi(Word(words, 2), &points)) return false;
    world_.SetControllerDowntime(For(words, absl::Seconds(2)));
    world_.controller.lifeline().DieAt(points);
    return true;
  }
  return false;
}

// Its first worker.
bool Scenario::MakeUnready(SimHost& host, absl::Duration time) {
  const auto& processes = host.machine.processes();
  if (processes.empty()) return false;
  const agent::WorkerId id = processes.begin()->first;
  host.machine.SetReady(id, false, "GET /health: timeout");
  world_.timeline.After(time,
                        [&host, id] { host.machine.SetReady(id, true, ""); });
  return true;
}

bool Scenario::DoOnHost(const Words& words) {
  const std::string name = Word(words, 1);
  if (words[0] == "add") {
    world_.AddHost(name, zones_[0]);
    return true;
  }
  if (!world_.hosts().contains(name)) return false;
  SimHost& host = world_.host(name);
  const absl::Duration time = For(words, absl::Hours(10));
  if (words[0] == "cut") {
    host.link.Cut(Direction::kUp);
    host.link.Cut(Direction::kDown);
    world_.timeline.After(time, [&host] { host.link.Heal(); });
  } else if (words[0] == "lose-reports") {
    LinkQuality quality;
    quality.drop_percent = 100;
    host.link.SetQuality(quality);
    world_.timeline.After(time, [&host] { host.link.SetQuality({}); });
  } else if (words[0] == "heal") {
    host.link.Heal();
  } else if (words[0] == "crash-agent") {
    host.restart_delay = For(words, absl::Milliseconds(50));
    world_.CrashAgent(name);
  } else if (words[0] == "power-off") {
    world_.LosePower(name, time);
  } else if (words[0] == "unready") {
    return MakeUnready(host, time);
  } else if (words[0] == "take-away") {
    world_.TakeAway(name);
  } else {
    return false;
  }
  return true;
}

}  // namespace fleet::sim
