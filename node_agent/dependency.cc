#include "node_agent/dependency.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"

namespace fleet::agent {
namespace {

const std::vector<std::string>& DependsOn(const AppState& app) {
  static const std::vector<std::string> kNothing;
  return app.target.spec == nullptr ? kNothing : app.target.spec->depends_on;
}

// `from` depends on `to`, over others as well.
bool Reaches(const std::string& from, const std::string& to,
             const AppByName& find) {
  std::set<std::string> seen = {from};
  std::vector<std::string> open = {from};
  while (!open.empty()) {
    const AppState* app = find(open.back());
    open.pop_back();
    if (app == nullptr) continue;
    for (const std::string& next : DependsOn(*app)) {
      if (next == to) return true;
      if (seen.insert(next).second) open.push_back(next);
    }
  }
  return false;
}

// Serves, or has ended as it was meant to.
bool IsServed(const Slot& slot) {
  if (slot.phase == SlotPhase::kExited &&
      slot.last_failure == FailureKind::kNone) {
    return true;
  }
  return std::any_of(slot.workers.begin(), slot.workers.end(),
                     [](const auto& entry) {
                       return entry.second.live() && entry.second.available;
                     });
}

std::string WhySlotIsMissing(const Slot& slot) {
  switch (slot.phase) {
    case SlotPhase::kRunning:
      return "is starting";
    case SlotPhase::kBackoff:
      return absl::StrCat("restarts after ", slot.last_exit);
    case SlotPhase::kCrashLoop:
      return "is in a crash loop";
    case SlotPhase::kExited:
      return absl::StrCat("has ended: ", slot.last_exit);
  }
  return "";
}

// What keeps it from being available; empty: it is.
std::string WhyMissing(const AppState& app) {
  for (int i = 0; i < app.target.instances; ++i) {
    if (app.target.stops(i)) continue;
    auto slot = app.slots.find(i);
    if (slot != app.slots.end() && IsServed(slot->second)) continue;
    std::string why = slot == app.slots.end() ? "is not there yet"
                                              : WhySlotIsMissing(slot->second);
    return absl::StrCat(app.target.app, ".", i, " ", why);
  }
  if (!app.step.active()) return "";
  return app.step.reason.empty() ? "it is being reloaded" : app.step.reason;
}

}  // namespace

std::string HeldBy(const AppState& app, const AppByName& find) {
  for (const std::string& name : DependsOn(app)) {
    const AppState* other = find(name);
    if (other == nullptr || other == &app || !other->wants_workers() ||
        Reaches(name, app.target.app, find)) {
      continue;
    }
    std::string why = WhyMissing(*other);
    if (!why.empty()) return absl::StrCat(name, ": ", why);
  }
  return "";
}

}  // namespace fleet::agent
