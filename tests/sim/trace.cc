#include "tests/sim/trace.h"

#include "absl/strings/str_format.h"

namespace fleet::sim {

void Trace::Write(absl::string_view who, const std::string& what) {
  sink_(absl::StrFormat("%12.6f %-12s %s",
                        absl::ToDoubleSeconds(now_ - absl::UnixEpoch()),
                        std::string(who), what));
}

}  // namespace fleet::sim
