// A controller that answers as a test says, in this process.
#ifndef FLEET_TESTS_CLI_FAKE_CONTROLLER_H_
#define FLEET_TESTS_CLI_FAKE_CONTROLLER_H_

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/fleet_client.h"
#include "fleet/v1/app_service.pb.h"
#include "fleet/v1/host_service.pb.h"
#include "fleet/v1/log_service.pb.h"
#include "fleet/v1/rollout_service.pb.h"

namespace fleet::cli {

// One WatchRollout or TailLogs call, as it will go.
template <typename Response>
struct StreamScript {
  std::vector<Response> messages;
  // What it ends with, unless it stays open until the client goes.
  absl::Status end;
  bool stays_open = false;
};

// Implements all client services. What is in the public members is given out;
// set it before the calls. Methods may be called from any thread.
class FakeController {
 public:
  FakeController();
  ~FakeController();

  // For a client in this process.
  std::unique_ptr<FleetClient> Client();

  // The requests so far, as "Method {short debug text}", without streams.
  std::vector<std::string> Requests() const;
  // from_seq of each WatchRollout so far.
  std::vector<int64_t> WatchedFrom() const;

  // An error of a method, e.g. "CreateRollout".
  void FailMethod(const std::string& method, const absl::Status& status);

  v1::ListAppsResponse apps;
  v1::ListHostsResponse hosts;
  // Of the one-shot orders.
  google::protobuf::RepeatedPtrField<v1::HostAnswer> answers;
  v1::CheckHostsResponse checks;
  v1::ApplyAppsResponse applied;
  v1::Rollout rollout;
  v1::ListRolloutsResponse rollouts;
  // Used one after the other; when there is none left, the call ends OK.
  std::deque<StreamScript<v1::WatchRolloutResponse>> watches;
  std::deque<StreamScript<v1::TailLogsResponse>> tails;

 private:
  struct Server;
  friend struct Server;

  mutable std::mutex mutex_;
  std::vector<std::string> requests_;         // Guarded by mutex_.
  std::vector<int64_t> watched_from_;         // Guarded by mutex_.
  std::map<std::string, absl::Status> fail_;  // Guarded by mutex_.
  std::unique_ptr<Server> server_;
};

}  // namespace fleet::cli

#endif  // FLEET_TESTS_CLI_FAKE_CONTROLLER_H_
