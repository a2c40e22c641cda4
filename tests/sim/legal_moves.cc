#include "tests/sim/legal_moves.h"

#include <map>
#include <set>
#include <string>

namespace fleet::sim {
namespace {

using Table = std::map<std::string, std::set<std::string>>;

bool Allows(const Table& table, const std::string& from,
            const std::string& to) {
  auto row = table.find(from);
  return row != table.end() && row->second.contains(to);
}

}  // namespace

bool LegalMove(controller::RolloutPhase from, controller::RolloutPhase to) {
  static const Table kTable = {
      {"QUEUED", {"ROLLING", "ROLLING_BACK", "ABORTED", "SUPERSEDED"}},
      {"ROLLING",
       {"BAKING", "SUCCEEDED", "ROLLING_BACK", "ABORTED", "SUPERSEDED"}},
      {"BAKING", {"ROLLING", "ROLLING_BACK", "ABORTED", "SUPERSEDED"}},
      {"ROLLING_BACK",
       {"ROLLED_BACK", "ROLLBACK_FAILED", "ABORTED", "SUPERSEDED"}},
  };
  return Allows(kTable, Name(from), Name(to));
}

bool LegalMove(controller::HostStepPhase from, controller::HostStepPhase to) {
  // In flight they follow what the host says.
  static const std::set<std::string> kFromFlight = {
      "ADMITTED", "APPLYING", "VERIFYING", "UNKNOWN",
      "DONE",     "FAILED",   "SKIPPED",   "REVERTING"};
  static const Table kTable = {
      {"PENDING", {"ADMITTED", "SKIPPED", "REVERTING"}},
      {"ADMITTED", kFromFlight},
      {"APPLYING", kFromFlight},
      {"VERIFYING", kFromFlight},
      {"UNKNOWN", kFromFlight},
      {"FAILED", {"PENDING", "DONE", "REVERTING", "SKIPPED"}},
      {"SKIPPED", {"PENDING", "REVERTING"}},
      {"DONE", {"FAILED", "REVERTING", "SKIPPED"}},
      {"REVERTING", {"REVERTED", "REVERT_FAILED", "SKIPPED"}},
      {"REVERT_FAILED", {"REVERTING", "REVERTED"}},
  };
  return Allows(kTable, Name(from), Name(to));
}

}  // namespace fleet::sim
