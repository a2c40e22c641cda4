// A failure as continuous integration shows it beside a job.
#ifndef FLEET_CLI_ROLLOUT_CI_ANNOTATION_H_
#define FLEET_CLI_ROLLOUT_CI_ANNOTATION_H_

#include <functional>
#include <string>
#include <string_view>

namespace fleet::cli {

// Which system runs this command, by its variables.
enum class CiSystem { kNone, kGitHub, kGitLab };
CiSystem CiSystemOf(const std::function<std::string(std::string_view)>& env);

// One line with its newline, for the job's log: GitHub's workflow command
// "::error title=…::…"; for GitLab, which has no such form, "ERROR: …" in red,
// by which its log is searched; "" for none. `title` is one line.
std::string CiAnnotation(CiSystem system, std::string_view title,
                         std::string_view text);

}  // namespace fleet::cli

#endif  // FLEET_CLI_ROLLOUT_CI_ANNOTATION_H_
