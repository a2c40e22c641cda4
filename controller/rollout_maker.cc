#include "controller/rollout_maker.h"

#include <algorithm>
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

}  // namespace

RolloutMaker::RolloutMaker(const FleetSource& fleet, RolloutReader& reader,
                           uint64_t random_seed)
    : fleet_(fleet), reader_(reader), random_(random_seed) {}

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
    const NewRollout& request, const Rollout* superseded) const {
  const std::set<std::string> disturbed = HostsInFlight(superseded);
  const std::set<std::string> hosts(request.hosts.begin(), request.hosts.end());
  std::vector<Candidate> candidates;
  candidates.reserve(hosts.size());
  for (const std::string& host : hosts) {
    candidates.push_back(
        {host, fleet_.View(host, request.app.uid), disturbed.count(host) > 0});
  }
  return candidates;
}

absl::StatusOr<Rollout> RolloutMaker::Make(const NewRollout& request,
                                           const Rollout* superseded,
                                           Moment now) {
  std::vector<Candidate> candidates = Candidates(request, superseded);
  if (candidates.empty()) return NoHost(request.app.name);
  bool nothing_runs =
      request.app.proven_revision == 0 &&
      std::all_of(candidates.begin(), candidates.end(),
                  [](const auto& c) { return c.view.instances_total == 0; });
  Rollout rollout;
  ASSIGN_OR_RETURN(
      rollout.policy,
      ResolvePolicy(
          request.app.spec, Override(request.app.spec.rollout, request.policy),
          request.kind, static_cast<int>(candidates.size()), nothing_runs));
  ASSIGN_OR_RETURN(rollout.uid, NewUid());
  rollout.app = request.app.name;
  rollout.app_uid = request.app.uid;
  rollout.kind = request.kind;
  rollout.from_revision = request.app.from_revision;
  rollout.to_revision = request.app.revision;
  rollout.create_time = now.wall;
  rollout.actor = request.actor;
  rollout.request_id = request.request_id;
  int64_t generation = request.app.generation;
  if (superseded != nullptr) {
    generation = std::max(generation, superseded->state.generation);
  }
  rollout.state.generation = generation + 1;
  rollout.steps = MakeSteps(std::move(candidates), generation + 1);
  return rollout;
}

}  // namespace fleet::controller
