// The machine that `fleetctl startup` changes.
#ifndef FLEET_CLI_LOCAL_STARTUP_MACHINE_H_
#define FLEET_CLI_LOCAL_STARTUP_MACHINE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/local/startup_plan.h"

namespace fleet::cli {

// Files and commands. Blocks as long as the services take to start (systemd
// bounds that).
class StartupMachine {
 public:
  virtual ~StartupMachine() = default;
  // systemd is the init system here (sd_booted(3)).
  virtual bool has_systemd() const = 0;
  // Nothing: there is no such file, or it cannot be read.
  virtual std::optional<std::string> Read(const std::string& path) const = 0;
  // With its folders, mode 0644.
  virtual absl::Status Write(const std::string& path,
                             const std::string& text) = 0;
  // OK when it was not there.
  virtual absl::Status Remove(const std::string& path) = 0;
  // Its output goes where ours goes. An error has its exit code.
  virtual absl::Status Run(const std::vector<std::string>& command) = 0;
};

class RealStartupMachine : public StartupMachine {
 public:
  bool has_systemd() const override;
  std::optional<std::string> Read(const std::string& path) const override;
  absl::Status Write(const std::string& path, const std::string& text) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status Run(const std::vector<std::string>& command) override;
};

// Does what the plan says, and returns a line for the user. Twice does no
// more than once. FAILED_PRECONDITION where systemd does not run; an error of
// the first step that failed, after which the same may be tried again.
absl::StatusOr<std::string> CarryOut(const StartupPlan& plan,
                                     StartupMachine& machine);
absl::StatusOr<std::string> TakeBack(const StartupPlan& plan,
                                     StartupMachine& machine);

}  // namespace fleet::cli

#endif  // FLEET_CLI_LOCAL_STARTUP_MACHINE_H_
