// `fleetctl monit` as it runs: asks, draws, and does what keys say.
#ifndef FLEET_CLI_MONIT_MONIT_SESSION_H_
#define FLEET_CLI_MONIT_MONIT_SESSION_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "cli/background_calls.h"
#include "cli/fleet_client.h"
#include "cli/monit/full_screen.h"
#include "cli/monit/key_parser.h"
#include "cli/monit/monit_state.h"
#include "cli/monit/monit_view.h"
#include "proto/rpc/event_loop.h"

namespace fleet::cli {

// Asks the controller for apps and hosts once a second (and less often when it
// answers slowly: it waits ten times as long as the answer took, at most 10 s),
// one call at a time; follows the logs of the selected app; draws when
// something has changed, at most 20 times a second. Loop thread only.
class MonitSession {
 public:
  struct Options {
    // --hosts: the only hosts to look at; empty: all.
    std::string hosts;
    int in_fd = 0;
    int out_fd = 1;
    bool colours = true;
    bool utf8 = true;
  };

  // Both must outlive it.
  MonitSession(FleetClient& client, EventLoop& loop, Options options);
  ~MonitSession();
  MonitSession(const MonitSession&) = delete;
  MonitSession& operator=(const MonitSession&) = delete;

  // Returns when the user has had enough. FAILED_PRECONDITION: no terminal;
  // UNAUTHENTICATED: what the user has shown is no longer good.
  absl::Status Run();

 private:
  struct Answer;

  void Ask();
  void OnAnswer(const Answer& answer, absl::Duration took);
  void FollowLogs();
  void Leave(const absl::Status& why);
  void OnKeys(const std::vector<Key>& keys);
  void React(const Key& key);
  void Perform(const MonitOrder& order);
  // Soon.
  void Changed();
  void Draw();
  MonitFrame Frame() const;

  FleetClient& client_;
  EventLoop& loop_;
  const Options options_;
  MonitState state_;
  KeyParser keys_;
  std::unique_ptr<FullScreen> screen_;
  std::unique_ptr<StreamCall> logs_;
  bool done_ = false;
  absl::Status outcome_;
  absl::Time drawn_at_ = absl::InfinitePast();
  EventLoop::TimerId ask_timer_ = 0;
  EventLoop::TimerId draw_timer_ = 0;
  EventLoop::TimerId key_timer_ = 0;
  EventLoop::TimerId logs_timer_ = 0;
  EventLoop::TimerId clock_timer_ = 0;
  // Last, so that it ends first: what they bring touches the rest.
  std::unique_ptr<BackgroundCalls> polls_;
  std::unique_ptr<BackgroundCalls> orders_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_MONIT_MONIT_SESSION_H_
