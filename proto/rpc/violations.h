// What is wrong with a spec, collected while its parts are checked. Used by
// ValidateAppSpec alone.
#ifndef FLEET_PROTO_RPC_VIOLATIONS_H_
#define FLEET_PROTO_RPC_VIOLATIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/rpc/app_spec.h"

namespace fleet {

// "field: why, what would be right", one line each whatever the spec's own
// texts hold.
class Violations {
 public:
  void Add(absl::string_view field, absl::string_view why);
  void Require(bool holds, absl::string_view field, absl::string_view why);
  void Range(absl::string_view field, int64_t value, int64_t low, int64_t high);
  void Range(absl::string_view field, absl::Duration value, absl::Duration low,
             absl::Duration high);
  void Range(absl::string_view field,
             const std::optional<absl::Duration>& value, absl::Duration low,
             absl::Duration high);
  // "2" or "25%"; empty is fine.
  void Share(absl::string_view field, const std::string& value, int minimum);

  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

bool HasNul(std::string_view text);
std::string Quoted(std::string_view text);

// A path of at most 4,095 bytes; empty is fine.
void CheckPath(absl::string_view field, const std::string& path, bool absolute,
               Violations& v);

// The parts of a spec that have files of their own.
void CheckReadiness(const ReadinessGate& gate, Violations& v);
void CheckLiveness(const Liveness& liveness, Violations& v);
void CheckLimits(const Limits& limits, Violations& v);
void CheckHardening(const Hardening& hardening, Violations& v);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_VIOLATIONS_H_
