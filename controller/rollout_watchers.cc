#include "controller/rollout_watchers.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace fleet::controller {
namespace {

constexpr size_t kMaxWatchers = 1000;

}  // namespace

absl::Status RolloutWatchers::Add(const std::string& uid,
                                  RolloutWatcher& watcher) {
  if (count_ >= kMaxWatchers) {
    return absl::ResourceExhaustedError(
        absl::StrCat("rollout ", uid, " cannot be watched: there are ",
                     kMaxWatchers, " watchers; try again later"));
  }
  by_uid_[uid].push_back(&watcher);
  ++count_;
  return absl::OkStatus();
}

void RolloutWatchers::Remove(const std::string& uid, RolloutWatcher& watcher) {
  auto it = by_uid_.find(uid);
  if (it == by_uid_.end()) return;
  count_ -= std::erase(it->second, &watcher);
  if (it->second.empty()) by_uid_.erase(it);
}

void RolloutWatchers::Notify(const std::string& uid) {
  auto found = by_uid_.find(uid);
  if (found == by_uid_.end()) return;
  const std::vector<RolloutWatcher*> told = found->second;
  for (RolloutWatcher* watcher : told) {
    auto it = by_uid_.find(uid);
    if (it == by_uid_.end()) return;
    const std::vector<RolloutWatcher*>& left = it->second;
    if (std::find(left.begin(), left.end(), watcher) == left.end()) continue;
    watcher->OnRolloutChanged();
  }
}

}  // namespace fleet::controller
