// The releases of a simulated app: what each does when it runs.
#ifndef FLEET_TESTS_SIM_RELEASES_H_
#define FLEET_TESTS_SIM_RELEASES_H_

#include <map>
#include <set>
#include <string>
#include <utility>

#include "proto/rpc/app_spec.h"
#include "tests/sim/behaviour.h"
#include "tests/sim/random.h"

namespace fleet::sim {

enum class ReleaseKind {
  kGood,
  kSlow,
  kNeverReady,
  kCrashesAtStart,
  kCrashesLater,
  kFlapsForEver,
  kFlapsOnce,
  kIgnoresStop,
  kHasNoScript,
  kCannotListen,
};
inline constexpr int kReleaseKinds = 10;
const char* Name(ReleaseKind kind);

struct Release {
  ReleaseKind kind = ReleaseKind::kGood;
  // On so many hosts of a hundred; on the others it is good.
  int host_percent = 100;
  // Its workers' times vary.
  bool varies = true;
};

// Specs say which release they are of in the environment variable RELEASE; one
// that is unknown is good.
class Releases : public Programs {
 public:
  explicit Releases(Random random) : random_(random) {}

  // Its name, for the spec.
  std::string Add(const Release& release);
  // From now on it behaves like that.
  void Change(const std::string& name, const Release& release) {
    releases_[name] = release;
  }
  const Release& Find(const AppSpec& spec) const;
  // It behaves badly on that host.
  bool Bad(const std::string& host, const AppSpec& spec) const;

  // Programs.
  Behaviour Of(const std::string& host, const agent::WorkerIdentity& identity,
               const AppSpec& spec) override;
  HookBehaviour OfHook(const std::string& host, const agent::HookKey& key,
                       const agent::HookOrder& order) override;
  bool CanListen(const std::string& host, const AppSpec& spec) override;

  // Runs of hooks take as long as each other.
  void SetSteadyHooks() { hooks_vary_ = false; }

 private:
  ReleaseKind KindOn(const std::string& host, const AppSpec& spec) const;

  Random random_;
  std::map<std::string, Release> releases_;
  Release good_;
  bool hooks_vary_ = true;
  // Commands that have run there, by host.
  std::set<std::pair<std::string, std::string>> hooks_run_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_RELEASES_H_
