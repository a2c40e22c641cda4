// What `fleetctl doctor` has found.
#ifndef FLEET_CLI_DOCTOR_FINDING_H_
#define FLEET_CLI_DOCTOR_FINDING_H_

#include <string>
#include <vector>

#include "cli/render/text_style.h"

namespace fleet::cli {

// kOk < kWarning < kProblem.
enum class FindingState { kOk, kWarning, kProblem };

struct Finding {
  FindingState state = FindingState::kOk;
  // What was looked at: "controller", "disk", "crash loop".
  std::string name;
  // Whose it is: "controller", a host, an app.
  std::string subject;
  std::string found;
  // What to do; empty when it is well.
  std::string advice;
};

// Problems first, then warnings, then what is well; those that say the same of
// several subjects together. `width` of the terminal, 0: 80.
std::string FindingsText(const std::vector<Finding>& findings,
                         const TextStyle& style, size_t width);

// {"problems": 1, "warnings": 2, "findings": [{"state": "problem", "name": …,
// "subject": …, "found": …, "advice": …}, …]}, in the order of `findings`.
std::string FindingsJson(const std::vector<Finding>& findings);

int CountOf(const std::vector<Finding>& findings, FindingState state);

}  // namespace fleet::cli

#endif  // FLEET_CLI_DOCTOR_FINDING_H_
