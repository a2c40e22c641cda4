#include "tests/sim/releases.h"

#include "absl/strings/str_cat.h"

namespace fleet::sim {
namespace {

// What a slow release takes to get ready.
constexpr absl::Duration kSlowest = absl::Seconds(8);

std::string NameIn(const AppSpec& spec) {
  auto found = spec.env.find("RELEASE");
  return found == spec.env.end() ? "" : found->second;
}

void Vary(Random& random, Behaviour& b) {
  b.start_time = random.Between(absl::Milliseconds(1), absl::Milliseconds(30));
  b.ready_after = random.Between(absl::Milliseconds(20), absl::Seconds(2));
  b.stop_time = random.Between(absl::Milliseconds(5), absl::Seconds(2));
  b.linger = random.Between(absl::Milliseconds(0), absl::Milliseconds(300));
}

}  // namespace

const char* Name(ReleaseKind kind) {
  switch (kind) {
    case ReleaseKind::kGood:
      return "good";
    case ReleaseKind::kSlow:
      return "slow";
    case ReleaseKind::kNeverReady:
      return "never-ready";
    case ReleaseKind::kCrashesAtStart:
      return "crashes-at-start";
    case ReleaseKind::kCrashesLater:
      return "crashes-later";
    case ReleaseKind::kFlapsForEver:
      return "flaps-for-ever";
    case ReleaseKind::kFlapsOnce:
      return "flaps-once";
    case ReleaseKind::kIgnoresStop:
      return "ignores-stop";
    case ReleaseKind::kHasNoScript:
      return "has-no-script";
    case ReleaseKind::kCannotListen:
      return "cannot-listen";
  }
  return "?";
}

std::string Releases::Add(const Release& release) {
  std::string name = absl::StrCat(releases_.size() + 1);
  releases_[name] = release;
  return name;
}

const Release& Releases::Find(const AppSpec& spec) const {
  auto found = releases_.find(NameIn(spec));
  return found == releases_.end() ? good_ : found->second;
}

ReleaseKind Releases::KindOn(const std::string& host,
                             const AppSpec& spec) const {
  const Release& release = Find(spec);
  Random of_host = random_.Fork(absl::StrCat(NameIn(spec), "@", host));
  return of_host.Percent(release.host_percent) ? release.kind
                                               : ReleaseKind::kGood;
}

bool Releases::Bad(const std::string& host, const AppSpec& spec) const {
  switch (KindOn(host, spec)) {
    case ReleaseKind::kGood:
    case ReleaseKind::kFlapsOnce:
    case ReleaseKind::kIgnoresStop:
      return false;
    case ReleaseKind::kSlow:  // Killed again and again, it is given up.
      return spec.readiness.timeout <= kSlowest;
    case ReleaseKind::kNeverReady:
    case ReleaseKind::kCrashesAtStart:
    case ReleaseKind::kCrashesLater:
    case ReleaseKind::kFlapsForEver:
    case ReleaseKind::kHasNoScript:
    case ReleaseKind::kCannotListen:
      return true;
  }
  return false;
}

Behaviour Releases::Of(const std::string& host,
                       const agent::WorkerIdentity& identity,
                       const AppSpec& spec) {
  Behaviour b;
  Random random = random_.Fork(absl::StrCat(host, "/", identity.id));
  if (Find(spec).varies) Vary(random, b);
  switch (KindOn(host, spec)) {
    case ReleaseKind::kGood:
    case ReleaseKind::kCannotListen:
      break;
    case ReleaseKind::kSlow:
      b.ready_after *= 4;
      b.stop_time *= 4;
      break;
    case ReleaseKind::kNeverReady:
      b.ready_after = absl::InfiniteDuration();
      break;
    case ReleaseKind::kCrashesAtStart:
      b.exit_after = absl::Milliseconds(20);
      b.ready_after = absl::InfiniteDuration();
      break;
    case ReleaseKind::kCrashesLater:
      b.exit_after = b.ready_after + absl::Milliseconds(1500);
      break;
    case ReleaseKind::kFlapsForEver:
      b.flaps.assign(60, absl::Milliseconds(400));
      break;
    case ReleaseKind::kFlapsOnce:
      b.flaps = {absl::Milliseconds(300), absl::Milliseconds(200)};
      break;
    case ReleaseKind::kIgnoresStop:
      b.stop_time = absl::InfiniteDuration();
      break;
    case ReleaseKind::kHasNoScript:
      b.start_fails = true;
      break;
  }
  return b;
}

HookBehaviour Releases::OfHook(const std::string& host,
                               const agent::HookKey& key,
                               const agent::HookOrder& order) {
  const bool first = hooks_run_.insert({host, order.hook.command}).second;
  return BehaviourOf(order.hook.command, first, hooks_vary_,
                     random_.Fork(absl::StrCat(host, "/", key.id)));
}

bool Releases::CanListen(const std::string& host, const AppSpec& spec) {
  return KindOn(host, spec) != ReleaseKind::kCannotListen;
}

}  // namespace fleet::sim
