// What this host should run, on disk: so that it restarts crashed workers and
// boots with no controller in reach, and applies no generation twice.
#ifndef FLEET_NODE_AGENT_DESIRED_JOURNAL_H_
#define FLEET_NODE_AGENT_DESIRED_JOURNAL_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fleet/v1/agent_service.pb.h"
#include "fleet/v1/app.pb.h"
#include "node_agent/journal_file.h"

namespace fleet::agent {

// What the journal has of one app.
struct JournaledApp {
  // Accepted ones by generation (of a generation the newest); not empty.
  std::map<int64_t, v1::AppTarget> targets;
  std::map<int, int64_t> slots;
  std::optional<v1::Step> result;
  std::vector<v1::HookResult> hooks;
  // By slot; opaque here (slot_run.h). Of JournalContents::boot_id.
  std::map<int, std::string> runs;
  // What people should know of, the newest last; of earlier boots as well.
  std::vector<v1::AppEvent> events;

  const v1::AppTarget& newest() const { return targets.rbegin()->second; }
};

struct JournalContents {
  int64_t epoch = 0;
  // Worker ids below it may have been given out.
  uint64_t next_worker_id = 1;
  std::string boot_id;
  std::map<std::string, JournaledApp> apps;  // By app_uid.
};

// Loop thread only. Every method that writes has fsynced when it returns OK,
// SaveSlots, SaveRun, SaveEvents and BeginBoot excepted: what they save is of
// most use within one boot, and a crash of the agent does not lose it. After an
// error, contents are those before the call, in memory and on disk.
// RESOURCE_EXHAUSTED: the disk is full.
//
// What is accepted must be carried to its end: a generation of which nobody
// knows later that it was done would be done twice. So room for results, ends
// of hooks and worker ids is taken on the disk before anything is accepted, and
// while a full disk does not give it nothing is. Runs and slots, which are many
// and of less use, leave half of it alone.
//
// One file, which is compacted when it has grown to twice what is needed and
// 256 KiB.
class DesiredJournal {
 public:
  // A torn end of the file (the machine died while it was written) is cut off.
  // Damage elsewhere is skipped, described by damage(), and the file is kept
  // beside as PATH.damaged.
  static absl::StatusOr<std::unique_ptr<DesiredJournal>> Open(
      std::unique_ptr<JournalFile> file);
  // The file at `path`, made if there is none.
  static absl::StatusOr<std::unique_ptr<DesiredJournal>> Open(
      const std::string& path);

  const JournalContents& contents() const { return contents_; }
  const std::string& path() const { return file_->path(); }
  // For the log; empty: the file was whole.
  const std::string& damage() const { return damage_; }
  // RESOURCE_EXHAUSTED: nothing would be accepted now.
  absl::Status CheckRoom() { return file_->Reserve(kReserve); }

  // Accepted targets and the epoch they came with.
  absl::Status Accept(int64_t epoch, const std::vector<v1::AppTarget>& targets);
  // A step has ended, with the slots as they are then.
  absl::Status SaveResult(const std::string& app_uid, const v1::Step& result,
                          const std::map<int, int64_t>& slots);
  absl::Status SaveSlots(const std::string& app_uid,
                         const std::map<int, int64_t>& slots);
  // All of the app's hooks, as they are now.
  absl::Status SaveHooks(const std::string& app_uid,
                         const std::vector<v1::HookResult>& hooks);
  absl::Status SaveRun(const std::string& app_uid, int slot,
                       const std::string& run);
  // All of the app's events, as they are now.
  absl::Status SaveEvents(const std::string& app_uid,
                          const std::vector<v1::AppEvent>& events);
  // Forgets the runs of an earlier boot, in memory even when it fails. Once,
  // after Open.
  absl::Status BeginBoot(const std::string& boot_id);
  // The app is gone.
  absl::Status Forget(const std::string& app_uid);
  // Ids below `next` may be given out from now on.
  absl::Status ReserveWorkerIds(uint64_t next);

 private:
  static constexpr size_t kReserve = 256 << 10;

  explicit DesiredJournal(std::unique_ptr<JournalFile> file)
      : file_(std::move(file)) {}

  // `reserve`: so much room is left afterwards, or nothing is written.
  absl::Status Commit(const JournalRecord& record, bool sync,
                      size_t reserve = 0);
  void CompactIfLarge();
  std::vector<JournalRecord> Snapshot() const;

  std::unique_ptr<JournalFile> file_;
  JournalContents contents_;
  std::string damage_;
  size_t compact_above_ = 0;  // Bytes.
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_DESIRED_JOURNAL_H_
