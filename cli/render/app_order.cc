#include "cli/render/app_order.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

#include "absl/strings/str_split.h"
#include "cli/render/app_summary.h"

namespace fleet::cli {
namespace {

using Less = std::function<bool(size_t, size_t)>;

template <typename Key>
Less By(std::vector<Key> keys) {
  return [keys = std::move(keys)](size_t a, size_t b) {
    return keys[a] < keys[b];
  };
}

Less LessBy(const std::string& field, const v1::ListAppsResponse& apps) {
  std::vector<std::string> texts;
  std::vector<double> numbers;
  for (const v1::App& app : apps.apps()) {
    const AppSummary summary = Summarize(app);
    texts.push_back(field == "name" ? app.name() : summary.state);
    numbers.push_back(
        field == "id"    ? static_cast<double>(app.id())
        : field == "cpu" ? summary.cpu_cores
        : field == "uptime"
            ? -absl::ToDoubleSeconds(summary.youngest_start - absl::UnixEpoch())
        : field == "restarts" ? static_cast<double>(summary.restarts)
                              : static_cast<double>(summary.rss_bytes));
  }
  const bool by_text = field == "name" || field == "state" || field == "status";
  return by_text ? By(std::move(texts)) : By(std::move(numbers));
}

}  // namespace

void SortApps(const std::string& order, v1::ListAppsResponse& apps) {
  if (order.empty()) return;
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(order, absl::MaxSplits(':', 1));
  const Less less = LessBy(parts.first, apps);
  const bool down = parts.second == "desc";
  std::vector<size_t> places(static_cast<size_t>(apps.apps_size()));
  std::iota(places.begin(), places.end(), size_t{0});
  std::stable_sort(places.begin(), places.end(), [&](size_t a, size_t b) {
    return down ? less(b, a) : less(a, b);
  });
  v1::ListAppsResponse sorted;
  for (const size_t place : places) {
    sorted.add_apps()->Swap(apps.mutable_apps(static_cast<int>(place)));
  }
  apps.Swap(&sorted);
}

}  // namespace fleet::cli
