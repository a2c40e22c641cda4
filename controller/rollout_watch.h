// One WatchRollout call.
#ifndef FLEET_CONTROLLER_ROLLOUT_WATCH_H_
#define FLEET_CONTROLLER_ROLLOUT_WATCH_H_

#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "controller/rollout_driver.h"
#include "controller/stream_pass.h"
#include "fleet/v1/rollout_service.pb.h"
#include "proto/rpc/event_loop.h"

namespace fleet::controller {

// Sends the rollout as it is, then what changed since the last message, as
// fast as the client reads: what happens meanwhile is gathered in the store,
// not here. So it holds one message of at most 500 events. Ends with the
// rollout, once everything is sent.
//
// gRPC's reactions post to the loop, which owns all members; deletes itself
// after OnDone. The loop must run until the server is shut down.
class RolloutWatch : public grpc::ServerWriteReactor<v1::WatchRolloutResponse>,
                     private RolloutWatcher {
 public:
  // Any thread. The call ends as `pass` says.
  RolloutWatch(EventLoop& loop, RolloutDriver& driver,
               const v1::WatchRolloutRequest& request,
               std::unique_ptr<StreamPass> pass);

 private:
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void OnRolloutChanged() override;

  void Begin(const std::string& name);
  void SendChanges();
  void End(const absl::Status& status);

  EventLoop& loop_;
  RolloutDriver& driver_;
  std::unique_ptr<StreamPass> pass_;  // Until the end.
  std::string uid_;                   // Empty: not watching.
  int64_t seen_;
  bool changed_ = true;  // Since the last message was made.
  bool writing_ = false;
  bool ended_ = false;
  v1::WatchRolloutResponse message_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_WATCH_H_
