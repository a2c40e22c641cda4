#include "node_agent/hook_step.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node_agent/app_events.h"
#include "node_agent/step_failure.h"

namespace fleet::agent {
namespace {

constexpr char kPreReload[] = "pre_reload";
constexpr char kPostReload[] = "post_reload";
constexpr size_t kMostOfCommand = 60;

HookOrder StepHook(const AppState& app, const char* name, const Hook& hook) {
  HookOrder order;
  if (hook.command.empty() || app.target.generation == 0) return order;
  const StepPolicy& step = app.target.step;
  order.id = absl::StrCat(step.rollout, step.rollout.empty() ? "" : ".", name,
                          ".", app.target.generation);
  order.name = name;
  order.hook = hook;
  order.generation = app.target.generation;
  order.revision = app.target.revision;
  order.rollout = step.rollout;
  order.spec = app.target.spec;
  order.spec_error = app.target.spec_error;
  return order;
}

HookOrder PreReload(const AppState& app) {
  return StepHook(app, kPreReload, app.target.step.pre_reload);
}

HookOrder PostReload(const AppState& app) {
  return StepHook(app, kPostReload, app.target.step.post_reload);
}

const HookRecord* Running(const AppState& app) {
  for (const HookRecord& hook : app.hooks) {
    if (hook.phase == HookPhase::kRunning) return &hook;
  }
  return nullptr;
}

bool IsDone(const AppState& app, const HookOrder& order) {
  if (order.id.empty()) return true;
  const HookRecord* record = FindHook(app, order.id);
  return record != nullptr && record->phase == HookPhase::kDone;
}

// Unless another runs.
void BeginHook(ReconcilePass& pass, const HookOrder& order) {
  if (Running(pass.app()) != nullptr) return;
  HookRecord record;
  record.id = order.id;
  record.name = order.name;
  pass.app().hooks.push_back(std::move(record));
  pass.plan().hooks.push_back(order.id);
}

// What the step says while it waits for `order`.
void TellHook(AppState& app, const HookOrder& order) {
  app.step.slot = -1;
  const HookRecord* running = Running(app);
  if (running != nullptr && running->id != order.id) {
    app.step.reason = absl::StrCat(app.target.app, " waits for its hook ",
                                   running->name, " to end");
    return;
  }
  const std::string& command = order.hook.command;
  app.step.reason = absl::StrCat(app.target.app, " runs its hook ", order.name,
                                 ": ", command.substr(0, kMostOfCommand),
                                 command.size() > kMostOfCommand ? " …" : "");
}

void FailByHook(AppState& app, const HookRecord& hook) {
  FailStep(app, {FailureKind::kHook, -1,
                 absl::StrCat("failed in ", hook.name, ": ", hook.end.reason),
                 hook.end.output});
}

}  // namespace

HookOrder FindHookOrder(const AppState& app, const std::string& id) {
  for (HookOrder& order : std::vector<HookOrder>{
           app.target.once_hook, PreReload(app), PostReload(app)}) {
    if (order.id == id) return std::move(order);
  }
  return {};
}

const HookRecord* FindHook(const AppState& app, const std::string& id) {
  for (const HookRecord& hook : app.hooks) {
    if (hook.id == id) return &hook;
  }
  return nullptr;
}

bool AwaitsPreReload(const AppState& app) {
  return app.step.phase != StepPhase::kDone && !IsDone(app, PreReload(app));
}

void AdvanceOnceHook(ReconcilePass& pass) {
  const AppState& app = pass.app();
  const HookOrder& order = app.target.once_hook;
  const bool goes = app.target.removed || app.shutting_down;
  if (order.id.empty() || goes || FindHook(app, order.id) != nullptr) return;
  BeginHook(pass, order);
}

void AdvancePreReload(ReconcilePass& pass) {
  AppState& app = pass.app();
  const HookOrder order = PreReload(app);
  const HookRecord* record = FindHook(app, order.id);
  if (record != nullptr && record->phase == HookPhase::kFailed) {
    return FailByHook(app, *record);
  }
  if (record == nullptr) BeginHook(pass, order);
  app.step.phase = StepPhase::kApplying;
  TellHook(app, order);
}

bool PassPostReload(ReconcilePass& pass) {
  AppState& app = pass.app();
  const HookOrder order = PostReload(app);
  if (IsDone(app, order)) return true;
  if (FindHook(app, order.id) == nullptr) BeginHook(pass, order);
  TellHook(app, order);
  return false;
}

bool FailByPostReload(AppState& app) {
  const HookRecord* record = FindHook(app, PostReload(app).id);
  if (record == nullptr || record->phase != HookPhase::kFailed) return false;
  FailByHook(app, *record);
  return true;
}

void HookEnded(AppState& app, const std::string& id, HookEnd end,
               absl::Time wall) {
  auto hook = std::find_if(app.hooks.begin(), app.hooks.end(),
                           [&id](const HookRecord& h) { return h.id == id; });
  if (hook == app.hooks.end() || hook->phase != HookPhase::kRunning) return;
  hook->phase = end.success ? HookPhase::kDone : HookPhase::kFailed;
  hook->end = std::move(end);
  hook->end_time = wall;
  const bool begins = hook->phase == HookPhase::kDone && app.step.active() &&
                      id == PreReload(app).id;
  if (begins) OpenGeneration(app);
  ForgetUnusedHooks(app);
}

void ForgetUnusedHooks(AppState& app) {
  std::erase_if(app.hooks, [&app](const HookRecord& hook) {
    return hook.phase != HookPhase::kRunning &&
           FindHookOrder(app, hook.id).id.empty();
  });
}

}  // namespace fleet::agent
