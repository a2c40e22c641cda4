// Follows rollouts to their end, and shows them.
#ifndef FLEET_CLI_ROLLOUT_ROLLOUT_FOLLOWER_H_
#define FLEET_CLI_ROLLOUT_ROLLOUT_FOLLOWER_H_

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cli/fleet_client.h"
#include "cli/live_screen.h"
#include "cli/render/text_style.h"
#include "cli/rollout/rollout_journal.h"
#include "cli/rollout/rollout_verdict.h"
#include "cli/terminal.h"
#include "fleet/v1/rollout.pb.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/event_loop.h"

namespace fleet::cli {

struct FollowOptions {
  // Where the progress goes.
  std::ostream* progress = nullptr;
  TextStyle style;
  // Draw in place on a terminal of this size; null: append lines.
  std::function<TerminalSize()> terminal;
  // Not null: is given every event in place of the lines.
  std::function<void(const std::string& uid, const v1::RolloutEvent& event)>
      on_event;
  // Events up to this one have been seen.
  int64_t from_seq = 0;
  // How long to wait.
  absl::Duration limit = absl::InfiniteDuration();
  // How long to try to find a lost controller again.
  absl::Duration patience = absl::Minutes(2);
};

enum class FollowEnd {
  // Every rollout has a verdict.
  kSettled,
  kTimeout,
  kInterrupted,
  // `status` says why.
  kLost,
};

struct FollowOutcome {
  FollowEnd end = FollowEnd::kSettled;
  // As last seen, in the order they were asked for.
  std::vector<v1::Rollout> rollouts;
  absl::Status status;
};

// Watches each rollout on a stream of its own. A stream that breaks is opened
// again from the last event seen, with pauses of 0.2 s to 2 s. Used once; loop
// thread only.
class RolloutFollower {
 public:
  // All must outlive it.
  RolloutFollower(FleetClient& client, EventLoop& loop,
                  const FollowOptions& options);
  ~RolloutFollower();

  // Runs the loop until there is an outcome.
  FollowOutcome Follow(const std::vector<std::string>& uids);

  // Ends Follow with kInterrupted, from a task of the loop.
  void Interrupt();

 private:
  struct Track;

  void Open(Track& track);
  void OnMessage(Track& track, const v1::WatchRolloutResponse& message);
  void OnEnd(Track& track, const absl::Status& status);
  void Tick();
  void Draw();
  // A line of the journal, where there is one.
  void Print(const std::string& line);
  // What a person is told also beside the events; a terminal's board has it.
  void Say(const std::string& line);
  bool AllSettled() const;
  void Finish(FollowEnd end, const absl::Status& status);
  Verdict VerdictOfTrack(const Track& track) const;

  FleetClient& client_;
  EventLoop& loop_;
  const FollowOptions& options_;
  LiveScreen screen_;
  std::vector<std::unique_ptr<Track>> tracks_;
  bool finished_ = false;
  FollowOutcome outcome_;
  EventLoop::TimerId tick_ = 0;
  EventLoop::TimerId limit_ = 0;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_ROLLOUT_ROLLOUT_FOLLOWER_H_
