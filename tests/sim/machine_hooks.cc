#include "tests/sim/machine_hooks.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/quantity.h"

namespace fleet::sim {
namespace {

constexpr absl::Duration kHookToldAfter = absl::Microseconds(100);

}  // namespace

HookProcessTable::HookRun* HookProcessTable::Find(uint64_t serial) {
  for (HookRun& run : runs_) {
    if (run.serial == serial) return &run;
  }
  return nullptr;
}

void HookProcessTable::Run(const agent::HookKey& key,
                           const agent::HookOrder& order) {
  ports_.trace.Note(host_, "runs hook ", key.id, ": ", order.hook.command);
  ports_.observer.OnHookStart(host_, key, order);
  const HookBehaviour behaviour = ports_.programs.OfHook(host_, key, order);
  const uint64_t serial = next_serial_++;
  runs_.push_back({key, serial, false, {}});
  agent::HookEnd end;
  end.success = behaviour.success && behaviour.time < order.hook.timeout;
  if (behaviour.time >= order.hook.timeout) {
    end.reason = absl::StrCat("not ended within ",
                              DurationText(order.hook.timeout), ", killed");
  } else {
    end.reason = absl::StrCat("exit code ", end.success ? 0 : 1);
  }
  end.output = {
      absl::StrCat(order.hook.command, ": done what there was to do")};
  ports_.timeline.After(
      std::min(behaviour.time, order.hook.timeout),
      [this, serial, end = std::move(end)] { End(serial, end); });
}

void HookProcessTable::End(uint64_t serial, const agent::HookEnd& end) {
  HookRun* run = Find(serial);
  if (run == nullptr) return;
  run->ended = true;
  run->end = end;
  ports_.trace.Note(host_, "hook ", run->key.id, " ended: ", end.reason);
  ports_.observer.OnHookEnd(host_, run->key, end);
  Tell(serial);
}

void HookProcessTable::Tell(uint64_t serial) {
  const HookRun* run = Find(serial);
  if (run == nullptr || listener_ == nullptr) return;
  // It may be forgotten meanwhile.
  const agent::HookKey key = run->key;
  listener_->OnHookEnded(key, run->end);
}

std::vector<agent::HookKey> HookProcessTable::Inventory() {
  std::vector<agent::HookKey> keys;
  for (const HookRun& run : runs_) {
    keys.push_back(run.key);
    if (!run.ended) continue;
    ports_.timeline.After(kHookToldAfter,
                          [this, serial = run.serial] { Tell(serial); });
  }
  return keys;
}

void HookProcessTable::Forget(const agent::HookKey& key) {
  runs_.remove_if(
      [&key](const HookRun& run) { return run.ended && run.key == key; });
}

void MachineHooks::RunHook(const agent::HookKey& key,
                           const agent::HookOrder& order) {
  if (!life_.Before()) return;
  table_.Run(key, order);
  life_.After();
}

// What an agent has not kept before it died the next one is told again.
void MachineHooks::OnHookEnded(const agent::HookKey& key, agent::HookEnd end) {
  if (listener_ == nullptr) return;
  listener_->OnHookEnded(key, std::move(end));
  if (!life_.dead()) table_.Forget(key);
}

}  // namespace fleet::sim
