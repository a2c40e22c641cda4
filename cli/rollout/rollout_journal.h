// A rollout where there is no terminal: lines that are only ever added.
#ifndef FLEET_CLI_ROLLOUT_ROLLOUT_JOURNAL_H_
#define FLEET_CLI_ROLLOUT_ROLLOUT_JOURNAL_H_

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fleet/v1/rollout_service.pb.h"

namespace fleet::cli {

// Turns what a watch sends into lines "[  4.2s] r-4f2k9x: host-2: applying",
// with the time since the rollout began. Of one rollout. Times are calendar
// time.
class RolloutJournal {
 public:
  // Every event gives one line, the first message a title before them. When it
  // has come to wait for a person, another line says what to type; one more
  // tells what the controller could not save as an event.
  std::vector<std::string> Add(const v1::WatchRolloutResponse& message,
                               absl::Time now);

  // A line with state and counts when none came for 10 s. `away`: the
  // controller is, and how the rollout stands is not known.
  std::optional<std::string> Heartbeat(absl::Time now, bool away);

 private:
  void AddMessage(const v1::WatchRolloutResponse& response, absl::Time now,
                  std::vector<std::string>& lines);
  std::string EventText(const v1::RolloutEvent& event);
  // The reason of the whole contains that of a host, which has its own line.
  std::string WithoutRepetition(std::string message) const;
  std::string Stamped(absl::Time when, std::string_view text) const;

  v1::Rollout rollout_;
  // Of the newest event about the rollout as a whole.
  v1::RolloutPhase phase_ = v1::ROLLOUT_PHASE_UNSPECIFIED;
  // Why hosts failed, by their names; the newest ones.
  std::deque<std::pair<std::string, std::string>> failures_;
  // The rollout's last one.
  std::string message_;
  std::string help_;  // The last that was given; empty: it waits for nobody.
  bool titled_ = false;
  absl::Time last_line_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_ROLLOUT_ROLLOUT_JOURNAL_H_
