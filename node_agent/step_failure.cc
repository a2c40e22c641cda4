#include "node_agent/step_failure.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/quantity.h"

namespace fleet::agent {
namespace {

// What runs after the failure. Empty when no slot was left behind.
std::string WhatRunsNow(const AppState& app) {
  int moved = 0;
  int64_t kept = 0;
  for (const auto& [index, slot] : app.slots) {
    if (slot.generation == app.target.generation) {
      ++moved;
    } else if (slot.generation > kept) {
      kept = slot.generation;
    }
  }
  if (kept == 0) return "";
  int total = static_cast<int>(app.slots.size());
  if (moved == 0) {
    return absl::StrCat("; all ", total, " instances stay on generation ",
                        kept);
  }
  return absl::StrCat("; mixed: ", moved, " of ", total,
                      " instances run generation ", app.target.generation,
                      ", the others stay on ", kept);
}

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
  app.step.reason = absl::StrCat(name, ": ", failure.what, WhatRunsNow(app));
  app.step_ended = true;
  for (auto& [index, slot] : app.slots) slot.replacing = false;
}

std::string ExitText(const WorkerExit& exit, absl::Duration uptime) {
  switch (exit.kind) {
    case WorkerExit::Kind::kStartFailed:
    case WorkerExit::Kind::kListenFailed:
      return exit.message;
    case WorkerExit::Kind::kExited:
    case WorkerExit::Kind::kSignaled:
    case WorkerExit::Kind::kUnknown:
      return absl::StrCat(exit.message, " after ", HumanDuration(uptime),
                          ", before it was available");
  }
  return exit.message;
}

std::string NotReadyText(absl::Duration limit, const std::string& detail) {
  return absl::StrCat("not ready within ", HumanDuration(limit),
                      detail.empty() ? "" : ": ", detail);
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
