#include "tests/sim/policy_referee.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "tests/sim/world.h"

namespace fleet::sim {

using controller::HostStep;
using controller::HostView;

namespace {

// "2", or "25%" of `total`, rounded down.
int Number(const std::string& text, int total) {
  const int number = std::stoi(text);
  return text.back() == '%' ? total * number / 100 : number;
}

bool IsPercent(const std::string& text) {
  return !text.empty() && text.back() == '%';
}

using Rank = std::tuple<bool, int, std::string, int, std::string>;

Rank RankOf(const HostStep& step, const HostView& view, HostOrder order) {
  const bool absent = !view.connected || view.cordoned;
  const int health = view.instances_total <= 0
                         ? 0
                         : view.instances_ready * 100 / view.instances_total;
  switch (order) {
    case HostOrder::kHealth:
      return {absent, health, step.zone, 0, step.host};
    case HostOrder::kZone:
      return {absent, 0, step.zone, health, step.host};
    case HostOrder::kName:
      return {absent, 0, "", 0, step.host};
  }
  return {};
}

}  // namespace

void PolicyReferee::Expect(const RolloutRecord& record, const char* what,
                           int is, int wanted) const {
  if (is == wanted) return;
  world_.verdict.Fail("1", record.head.uid, " of ", record.steps.size(),
                      " hosts has ", what, " ", is, ", not ", wanted);
}

void PolicyReferee::Check(const RolloutRecord& record, bool superseding) const {
  CheckCounts(record);
  CheckUnavailable(record);
  CheckWaves(record);
  // Hosts that were disturbed by the one before go first.
  if (!superseding) CheckOrder(record);
}

void PolicyReferee::CheckCounts(const RolloutRecord& record) const {
  const controller::Policy& policy = record.head.policy;
  const int hosts = static_cast<int>(record.steps.size());
  if (!asked_.max_parallel.empty()) {
    Expect(record, "max_parallel", policy.max_parallel,
           std::max(1, Number(asked_.max_parallel, hosts)));
  } else if (record.head.from_revision != 0) {
    Expect(record, "max_parallel", policy.max_parallel, 1);
  }
  const std::string failures =
      asked_.max_failures.empty() ? "0" : asked_.max_failures;
  Expect(record, "max_failures", policy.max_failures, Number(failures, hosts));
  const int skipped = asked_.max_skipped.empty()
                          ? std::max(1, Number("25%", hosts))
                          : Number(asked_.max_skipped, hosts);
  Expect(record, "max_skipped", policy.max_skipped, skipped);
  Expect(record, "max_zones", policy.max_zones,
         asked_.zone_label.empty() ? controller::kNoLimit
                                   : asked_.max_zones.value_or(1));
}

void PolicyReferee::CheckUnavailable(const RolloutRecord& record) const {
  const controller::Policy& policy = record.head.policy;
  const int cost = policy.step.strategy == ReloadStrategy::kStopFirst ? 1 : 0;
  int wanted = cost * policy.max_parallel;
  if (!asked_.max_unavailable.empty()) {
    const auto& state = world_.controller.core().state;
    const std::string& uid = record.head.app_uid;
    std::set<std::string> hosts;
    for (const auto& [index, step] : record.steps) hosts.insert(step.host);
    for (const std::string& host : state.HostsOf(uid)) hosts.insert(host);
    int instances = 0;
    for (const std::string& host : hosts) {
      const int runs = state.View(host, uid).instances_total;
      // What one that runs none counts as is the spec's in hand.
      if (runs == 0) return;
      instances += runs;
    }
    wanted = Number(asked_.max_unavailable, instances);
    if (IsPercent(asked_.max_unavailable)) wanted = std::max(wanted, cost);
  }
  Expect(record, "max_unavailable", policy.max_unavailable, wanted);
}

void PolicyReferee::CheckWaves(const RolloutRecord& record) const {
  const int hosts = static_cast<int>(record.steps.size());
  std::vector<std::string> texts = asked_.waves;
  const std::string& canary = asked_.canary;
  if (!canary.empty() && std::stoi(canary) > 0) {
    texts.insert(texts.begin(), canary);
  }
  std::vector<int> ends;  // Of each wave.
  for (const std::string& text : texts) {
    const int end = std::min(std::max(Number(text, hosts), 1), hosts);
    if (ends.empty() || end > ends.back()) ends.push_back(end);
  }
  if (ends.empty() || ends.back() < hosts) ends.push_back(hosts);
  Expect(record, "waves", record.head.policy.waves,
         static_cast<int>(ends.size()));
  for (const auto& [index, step] : record.steps) {
    const auto end =
        std::upper_bound(ends.begin(), ends.end(), static_cast<int>(index));
    if (step.wave == end - ends.begin()) continue;
    world_.verdict.Fail("10", step.host, ", host ", index, " of ", hosts,
                        ", is of wave ", step.wave, ", not ",
                        end - ends.begin());
  }
}

void PolicyReferee::CheckOrder(const RolloutRecord& record) const {
  const HostOrder order = asked_.order.value_or(HostOrder::kHealth);
  Rank last;
  for (const auto& [index, step] : record.steps) {
    const HostView view =
        world_.controller.core().state.View(step.host, record.head.app_uid);
    Rank rank = RankOf(step, view, order);
    if (index > 0 && rank < last) {
      world_.verdict.Fail("10", step.host, " stands behind ",
                          record.steps.at(index - 1).host,
                          " and should be before it");
    }
    last = std::move(rank);
  }
}

}  // namespace fleet::sim
