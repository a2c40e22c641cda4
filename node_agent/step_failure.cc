#include "node_agent/step_failure.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/rpc/quantity.h"

namespace fleet::agent {
namespace {

// How exits say what their kind says too.
constexpr char kCannotStart[] = "cannot start: ";
constexpr char kCannotListen[] = "cannot listen on ";
constexpr char kUnhealthyPrefix[] = "unhealthy: ";

bool Serves(const Slot& slot, int64_t generation) {
  return std::any_of(slot.workers.begin(), slot.workers.end(),
                     [generation](const auto& entry) {
                       const Worker& worker = entry.second;
                       return worker.generation == generation &&
                              worker.live() && worker.ready;
                     });
}

}  // namespace

void KeepWhatServes(AppState& app, int64_t generation) {
  for (auto& [index, slot] : app.slots) {
    if (Serves(slot, slot.generation) || !Serves(slot, generation)) continue;
    slot.generation = generation;
    app.slots_moved = true;
  }
}

void FailStep(AppState& app, StepFailure failure) {
  KeepWhatServes(app, app.target.generation);
  app.step.phase = StepPhase::kFailed;
  app.step.failure = failure.kind;
  app.step.slot = failure.slot;
  app.step.stderr_tail = std::move(failure.stderr_tail);
  app.step_speaker = failure.speaker;
  std::string name = failure.slot < 0
                         ? app.target.app
                         : absl::StrCat(app.target.app, ".", failure.slot);
  app.step.reason = absl::StrCat(name, " ", failure.what);
  app.step_ended = true;
  for (auto& [index, slot] : app.slots) slot.replacing = false;
}

std::string ExitText(FailureKind kind, const std::string& message,
                     absl::Duration uptime) {
  absl::string_view text = message;
  switch (kind) {
    case FailureKind::kStart:
      absl::ConsumePrefix(&text, kCannotStart);
      return absl::StrCat("could not be started: ", text);
    case FailureKind::kListen:
      return absl::ConsumePrefix(&text, kCannotListen)
                 ? "could not listen on " + std::string(text)
                 : "could not open its address: " + std::string(text);
    case FailureKind::kUnhealthy:
      absl::ConsumePrefix(&text, kUnhealthyPrefix);
      return absl::StrCat("lived and did not serve: ", text);
    case FailureKind::kNone:
    case FailureKind::kExit:
    case FailureKind::kReadyTimeout:
    case FailureKind::kFlapping:
    case FailureKind::kSpec:
    case FailureKind::kHook:
      break;
  }
  return absl::StrCat("ended before it was available: ", text, " after ",
                      HumanDuration(uptime));
}

std::string NotReadyText(absl::Duration limit, const std::string& detail) {
  return absl::StrCat("was not ready within ", DurationText(limit),
                      detail.empty() ? "" : ": ", detail);
}

std::string WithoutName(const std::string& app, int slot,
                        const std::string& message) {
  absl::string_view text = message;
  const std::string name = absl::StrCat("app ", app);
  if (!absl::ConsumePrefix(&text,
                           absl::StrCat(name, ", instance ", slot, ": "))) {
    absl::ConsumePrefix(&text, name + ": ");
  }
  return std::string(text);
}

FailureKind FailureOf(const WorkerExit& exit) {
  switch (exit.kind) {
    case WorkerExit::Kind::kStartFailed:
      return FailureKind::kStart;
    case WorkerExit::Kind::kListenFailed:
      return FailureKind::kListen;
    case WorkerExit::Kind::kExited:
    case WorkerExit::Kind::kSignaled:
    case WorkerExit::Kind::kUnknown:
      return FailureKind::kExit;
  }
  return FailureKind::kExit;
}

}  // namespace fleet::agent
