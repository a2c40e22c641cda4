// What the controller keeps: apps, revisions, targets, hosts, answers.
#ifndef FLEET_CONTROLLER_STORE_STORE_H_
#define FLEET_CONTROLLER_STORE_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/app_record.h"
#include "controller/host_record.h"
#include "controller/host_target.h"

namespace fleet::controller {

// How many answers to requests with an id are kept: the newest.
inline constexpr int kMaxAnswers = 10'000;

struct AppRevision {
  std::string app_uid;
  Revision revision;
};

struct TargetKey {
  std::string app_uid;
  std::string host;
};

// What was answered to a request with an id.
struct Answer {
  std::string request_id;
  // The method it was asked of.
  std::string method;
  // The answer itself, as the method's service writes and reads it.
  std::string body;
};

// Everything that one change writes: all of it or nothing.
struct StoreChange {
  std::vector<AppRecord> apps;             // Insert or replace.
  std::vector<AppRevision> revisions;      // Insert or replace.
  std::vector<AppRevision> old_revisions;  // Only the keys are looked at.
  std::vector<HostTarget> targets;         // Insert or replace.
  std::vector<TargetKey> gone_targets;
  // With their revisions. Their targets must be gone.
  std::vector<std::string> gone_app_uids;
  std::vector<HostRecord> hosts;  // Insert or replace.
  std::vector<std::string> gone_hosts;
  std::optional<Answer> answer;
};

struct StoredFleet {
  std::vector<AppRecord> apps;
  std::vector<AppRevision> revisions;
  std::vector<HostTarget> targets;
  std::vector<HostRecord> hosts;
  // Higher than the id of every app that ever was.
  int64_t next_app_id = 0;
};

// Rollouts have an interface of their own (RolloutStore), over the same
// database. Loop thread only.
//
// Errors carry the reason STORE_FAILED: RESOURCE_EXHAUSTED when the disk is
// full, UNAVAILABLE when the file is locked, else INTERNAL. Nothing has been
// written then, and the same call may succeed later. Callers save first and
// change their memory after that.
class Store {
 public:
  virtual ~Store() = default;

  virtual absl::StatusOr<StoredFleet> Load() = 0;

  // Inside a transaction of this thread (RolloutCommit::also_save) it becomes
  // part of that; otherwise it is one of its own.
  virtual absl::Status Save(const StoreChange& change) = 0;

  // One higher than at the last call on this store. Called once, at start.
  virtual absl::StatusOr<int64_t> RaiseEpoch() = 0;

  // nullopt: not answered, or so long ago that it is forgotten.
  virtual absl::StatusOr<std::optional<Answer>> FindAnswer(
      const std::string& request_id) = 0;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_STORE_STORE_H_
