#include "controller/rollout_maker.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/app_spec_proto.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

absl::Status NoHost(const std::string& app) {
  return ErrorWithReason(absl::StatusCode::kNotFound,
                         absl::StrCat("no host to roll ", app, " out to"),
                         {"NO_HOST_MATCHES", {{"app", app}}});
}

std::set<std::string> HostsInFlight(const Rollout* rollout) {
  std::set<std::string> hosts;
  if (rollout == nullptr) return hosts;
  for (const HostStep& step : rollout->steps) {
    if (InFlight(step.phase)) hosts.insert(step.host);
  }
  return hosts;
}

// What most of these hosts run; `otherwise` when nothing runs there.
int64_t CommonRevisionOf(const std::vector<Candidate>& candidates,
                         int64_t otherwise) {
  std::map<int64_t, int> counts;
  for (const Candidate& candidate : candidates) {
    if (candidate.view.running_revision != 0) {
      ++counts[candidate.view.running_revision];
    }
  }
  auto most = std::max_element(
      counts.begin(), counts.end(),
      [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? otherwise : most->first;
}

// The spec by which hosts take the step. What they run may own the port that a
// surge would open for the new workers (exec_mode fork, then cluster).
AppSpec StepSpec(const RolloutApp& app,
                 const std::vector<Candidate>& candidates) {
  AppSpec spec = app.spec;
  const bool owned = std::any_of(candidates.begin(), candidates.end(),
                                 [&app](const Candidate& candidate) {
                                   return app.stop_first_revisions.contains(
                                       candidate.view.running_revision);
                                 });
  if (owned && spec.reload_strategy == ReloadStrategy::kDefault) {
    spec.reload_strategy = ReloadStrategy::kStopFirst;
  }
  return spec;
}

}  // namespace

RolloutMaker::RolloutMaker(const FleetSource& fleet, RolloutReader& reader,
                           uint64_t random_seed, int64_t epoch)
    : fleet_(fleet), reader_(reader), random_(random_seed), epoch_(epoch) {}

absl::StatusOr<std::string> RolloutMaker::NewUid() {
  // Crockford's base 32: nothing that is mistaken for another letter.
  constexpr std::string_view kLetters = "0123456789abcdefghjkmnpqrstvwxyz";
  for (;;) {
    std::string uid = "r-";
    uint64_t bits = random_();
    for (int i = 0; i < 8; ++i, bits >>= 5) uid += kLetters[bits & 31];
    ASSIGN_OR_RETURN(bool taken, reader_.UidIsTaken(uid));
    if (!taken) return uid;
  }
}

std::vector<Candidate> RolloutMaker::Candidates(
    const NewRollout& request, const std::string& zone_label,
    const Rollout* superseded) const {
  const std::set<std::string> disturbed = HostsInFlight(superseded);
  const std::set<std::string> hosts(request.hosts.begin(), request.hosts.end());
  std::vector<Candidate> candidates;
  candidates.reserve(hosts.size());
  for (const std::string& host : hosts) {
    candidates.push_back(
        {host, zone_label.empty() ? "" : fleet_.LabelOf(host, zone_label),
         fleet_.View(host, request.app.uid), disturbed.count(host) > 0});
  }
  return candidates;
}

RolloutSize RolloutMaker::SizeOf(
    const NewRollout& request, const std::vector<Candidate>& candidates) const {
  RolloutSize size;
  size.hosts = static_cast<int>(candidates.size());
  size.nothing_runs =
      request.app.proven_revision == 0 &&
      std::all_of(candidates.begin(), candidates.end(),
                  [](const auto& c) { return c.view.instances_total == 0; });
  std::set<std::string> known;
  for (const Candidate& candidate : candidates) {
    known.insert(candidate.host);
    size.instances += candidate.view.instances_total > 0
                          ? candidate.view.instances_total
                          : std::max(request.app.spec.instances, 1);
  }
  for (const std::string& host : fleet_.HostsOf(request.app.uid)) {
    if (known.contains(host)) continue;
    size.instances += fleet_.View(host, request.app.uid).instances_total;
  }
  return size;
}

absl::StatusOr<Rollout> RolloutMaker::Make(const NewRollout& request,
                                           const Rollout* superseded,
                                           Moment now) {
  const RolloutPolicySpec policy =
      Override(request.app.spec.rollout, request.policy);
  std::vector<Candidate> candidates =
      Candidates(request, policy.zone_label, superseded);
  if (candidates.empty()) return NoHost(request.app.name);
  Rollout rollout;
  ASSIGN_OR_RETURN(rollout.policy,
                   ResolvePolicy(StepSpec(request.app, candidates), policy,
                                 request.kind, SizeOf(request, candidates)));
  ASSIGN_OR_RETURN(rollout.uid, NewUid());
  rollout.policy.step.rollout = rollout.uid;
  rollout.policy.pre_revert = request.app.rollback_hooks.pre_reload;
  rollout.policy.post_revert = request.app.rollback_hooks.post_reload;
  rollout.app = request.app.name;
  rollout.app_uid = request.app.uid;
  rollout.kind = request.kind;
  rollout.from_revision =
      CommonRevisionOf(candidates, request.app.from_revision);
  rollout.to_revision = request.app.revision;
  rollout.rollback_revision = request.app.rollback_revision;
  rollout.create_time = now.wall;
  rollout.actor = request.actor;
  rollout.request_id = request.request_id;
  rollout.epoch = epoch_;
  ASSIGN_OR_RETURN(rollout.step_estimate,
                   reader_.PastStepTime(rollout.app, rollout.app_uid));
  int64_t generation = request.app.generation;
  if (superseded != nullptr) {
    generation = std::max(generation, superseded->state.generation);
  }
  rollout.state.generation = generation + 1;
  const std::vector<int> ends =
      WaveEnds(policy, static_cast<int>(candidates.size()));
  rollout.steps = MakeSteps(std::move(candidates), rollout.policy.order, ends,
                            generation + 1);
  return rollout;
}

}  // namespace fleet::controller
