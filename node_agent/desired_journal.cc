#include "node_agent/desired_journal.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fleet/v1/host.pb.h"
#include "node_agent/local_journal_file.h"
#include "proto/rpc/message_text.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

// Each record replaces what an earlier one said of the same thing, so that
// those after a damaged one are still good.
enum RecordType : uint8_t {
  // v1::DesiredState with `epoch` only.
  kEpoch = 1,
  kTarget = 2,  // v1::AppTarget
  // v1::AppStatus with app_uid, and an instance with slot and generation for
  // each slot; kResult has its step too.
  kSlots = 3,
  kResult = 4,
  // v1::AppStatus with app_uid.
  kForget = 5,
  // v1::Instance with worker_id: ids below it may be in use.
  kWorkerIds = 6,
  // v1::DesiredState with `epoch` and `targets`: what was accepted together,
  // so that a torn write keeps all of it or nothing.
  kAccepted = 7,
  // v1::AppStatus with app_uid and all `hooks` of the app.
  kHooks = 8,
  // v1::AppStatus with app_uid, an instance with the slot, and the run as
  // `message`.
  kRun = 9,
  // v1::Host with boot_id: the boot of the runs that follow.
  kBoot = 10,
  // v1::AppStatus with app_uid and all `events` of the app.
  kEvents = 11,
};

constexpr size_t kCompactAbove = 256 << 10;

JournalRecord Record(RecordType type, const google::protobuf::MessageLite& m) {
  return {type, m.SerializeAsString()};
}

JournalRecord EpochRecord(int64_t epoch) {
  v1::DesiredState state;
  state.set_epoch(epoch);
  return Record(kEpoch, state);
}

JournalRecord AcceptedRecord(int64_t epoch,
                             const std::vector<v1::AppTarget>& targets) {
  v1::DesiredState state;
  state.set_epoch(epoch);
  for (const v1::AppTarget& target : targets) *state.add_targets() = target;
  return Record(kAccepted, state);
}

JournalRecord WorkerIdRecord(uint64_t next) {
  v1::Instance instance;
  instance.set_worker_id(next);
  return Record(kWorkerIds, instance);
}

JournalRecord SlotsRecord(const std::string& app_uid,
                          const std::map<int, int64_t>& slots,
                          const v1::Step* result) {
  v1::AppStatus status;
  status.set_app_uid(app_uid);
  if (result != nullptr) *status.mutable_step() = *result;
  MendText(status);
  for (const auto& [slot, generation] : slots) {
    v1::Instance* instance = status.add_instances();
    instance->set_slot(slot);
    instance->set_generation(generation);
  }
  return Record(result == nullptr ? kSlots : kResult, status);
}

JournalRecord HooksRecord(const std::string& app_uid,
                          const std::vector<v1::HookResult>& hooks) {
  v1::AppStatus status;
  status.set_app_uid(app_uid);
  status.mutable_hooks()->Add(hooks.begin(), hooks.end());
  return Record(kHooks, status);
}

JournalRecord EventsRecord(const std::string& app_uid,
                           const std::vector<v1::AppEvent>& events) {
  v1::AppStatus status;
  status.set_app_uid(app_uid);
  status.mutable_events()->Add(events.begin(), events.end());
  MendText(status);
  return Record(kEvents, status);
}

JournalRecord ForgetRecord(const std::string& app_uid) {
  v1::AppStatus status;
  status.set_app_uid(app_uid);
  return Record(kForget, status);
}

JournalRecord RunRecord(const std::string& app_uid, int slot,
                        const std::string& run) {
  v1::AppStatus status;
  status.set_app_uid(app_uid);
  status.add_instances()->set_slot(slot);
  status.set_message(run);
  return Record(kRun, status);
}

JournalRecord BootRecord(const std::string& boot_id) {
  v1::Host host;
  host.set_boot_id(boot_id);
  return Record(kBoot, host);
}

// Generations that no slot and no coming step refers to. The newest two stay:
// a worker of the older one may still be ending.
void DropUnusedTargets(JournaledApp& app) {
  std::set<int64_t> used;
  for (const auto& [slot, generation] : app.slots) used.insert(generation);
  auto newest = app.targets.rbegin();
  for (int i = 0; i < 2 && newest != app.targets.rend(); ++i, ++newest) {
    used.insert(newest->first);
  }
  std::erase_if(app.targets,
                [&used](const auto& t) { return !used.contains(t.first); });
}

JournaledApp* AppOf(const v1::AppStatus& status, JournalContents& contents) {
  auto app = contents.apps.find(status.app_uid());
  return app == contents.apps.end() ? nullptr : &app->second;
}

void ApplySlots(const v1::AppStatus& status, bool with_result,
                JournalContents& contents) {
  JournaledApp* app = AppOf(status, contents);
  if (app == nullptr) return;
  app->slots.clear();
  for (const v1::Instance& instance : status.instances()) {
    app->slots[instance.slot()] = instance.generation();
  }
  std::erase_if(app->runs, [app](const auto& run) {
    return !app->slots.contains(run.first);
  });
  if (with_result) app->result = status.step();
  DropUnusedTargets(*app);
}

void ApplyHooks(const v1::AppStatus& status, JournalContents& contents) {
  JournaledApp* app = AppOf(status, contents);
  if (app == nullptr) return;
  app->hooks.assign(status.hooks().begin(), status.hooks().end());
}

void ApplyEvents(const v1::AppStatus& status, JournalContents& contents) {
  JournaledApp* app = AppOf(status, contents);
  if (app == nullptr) return;
  app->events.assign(status.events().begin(), status.events().end());
}

void ApplyRun(const v1::AppStatus& status, JournalContents& contents) {
  JournaledApp* app = AppOf(status, contents);
  if (app == nullptr || status.instances().empty()) return;
  app->runs[status.instances(0).slot()] = status.message();
}

void ApplyBoot(const std::string& boot_id, JournalContents& contents) {
  if (contents.boot_id == boot_id) return;
  contents.boot_id = boot_id;
  for (auto& [uid, app] : contents.apps) app.runs.clear();
}

void ApplyTarget(v1::AppTarget target, JournalContents& contents) {
  JournaledApp& app = contents.apps[target.app_uid()];
  int64_t generation = target.generation();
  app.targets[generation] = std::move(target);
  DropUnusedTargets(app);
}

// Of kEpoch there are no targets.
void ApplyState(v1::DesiredState& state, JournalContents& contents) {
  contents.epoch = std::max(contents.epoch, state.epoch());
  for (v1::AppTarget& target : *state.mutable_targets()) {
    ApplyTarget(std::move(target), contents);
  }
}

template <typename Message, typename Use>
bool Parsed(const JournalRecord& record, Use use) {
  Message message;
  if (!message.ParseFromString(record.payload)) return false;
  use(message);
  return true;
}

// False: the payload is not what its type says.
bool Apply(const JournalRecord& record, JournalContents& contents) {
  switch (record.type) {
    case kEpoch:
    case kAccepted:
      return Parsed<v1::DesiredState>(
          record, [&](auto& state) { ApplyState(state, contents); });
    case kTarget:
      return Parsed<v1::AppTarget>(record, [&](auto& target) {
        ApplyTarget(std::move(target), contents);
      });
    case kSlots:
    case kResult:
      return Parsed<v1::AppStatus>(record, [&](const auto& status) {
        ApplySlots(status, record.type == kResult, contents);
      });
    case kHooks:
      return Parsed<v1::AppStatus>(
          record, [&](const auto& status) { ApplyHooks(status, contents); });
    case kEvents:
      return Parsed<v1::AppStatus>(
          record, [&](const auto& status) { ApplyEvents(status, contents); });
    case kRun:
      return Parsed<v1::AppStatus>(
          record, [&](const auto& status) { ApplyRun(status, contents); });
    case kForget:
      return Parsed<v1::AppStatus>(record, [&](const auto& status) {
        contents.apps.erase(status.app_uid());
      });
    case kBoot:
      return Parsed<v1::Host>(record, [&](const auto& host) {
        ApplyBoot(host.boot_id(), contents);
      });
    case kWorkerIds:
      return Parsed<v1::Instance>(record, [&](const auto& instance) {
        contents.next_worker_id =
            std::max<uint64_t>(contents.next_worker_id, instance.worker_id());
      });
  }
  return false;
}

// "3 apps (api, web, worker)"
std::string KeptApps(const JournalContents& contents) {
  std::vector<std::string> names;
  for (const auto& [uid, app] : contents.apps) {
    names.push_back(app.newest().app());
  }
  std::sort(names.begin(), names.end());
  return absl::StrCat(names.size(), names.size() == 1 ? " app" : " apps",
                      names.empty() ? "" : " (", absl::StrJoin(names, ", "),
                      names.empty() ? "" : ")");
}

}  // namespace

absl::StatusOr<std::unique_ptr<DesiredJournal>> DesiredJournal::Open(
    const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<JournalFile> file,
                   LocalJournalFile::Open(path));
  return Open(std::move(file));
}

absl::StatusOr<std::unique_ptr<DesiredJournal>> DesiredJournal::Open(
    std::unique_ptr<JournalFile> file) {
  ASSIGN_OR_RETURN(std::string bytes, file->Read());
  JournalScan scan = ScanJournal(bytes);
  std::unique_ptr<DesiredJournal> journal(new DesiredJournal(std::move(file)));
  int unreadable = 0;
  for (const JournalRecord& record : scan.records) {
    if (!Apply(record, journal->contents_)) ++unreadable;
  }
  if (scan.damaged_bytes > 0 || unreadable > 0) {
    journal->file_->KeepDamaged(bytes);
    const std::string& path = journal->file_->path();
    journal->damage_ = absl::StrCat(
        path, " is damaged: ", scan.damaged_bytes, " bytes from byte ",
        scan.first_damage, " on and ", unreadable,
        " records cannot be read; kept: ", KeptApps(journal->contents_), " of ",
        scan.records.size(),
        " records. Workers go on, the controller sends again what is missing;"
        " the damaged file is ",
        path, ".damaged");
    // On a full disk, say: what is written from now on comes after the damage.
    absl::Status replaced =
        journal->file_->Replace(journal->Snapshot(), kReserve);
    if (!replaced.ok()) {
      absl::StrAppend(&journal->damage_,
                      "; it stays as it is for now: ", replaced.message());
    }
  } else if (scan.good_size < bytes.size()) {
    RETURN_IF_ERROR(journal->file_->Truncate(scan.good_size));
  }
  // On a full disk what is accepted has what was taken before.
  journal->CheckRoom().IgnoreError();
  return journal;
}

absl::Status DesiredJournal::Accept(int64_t epoch,
                                    const std::vector<v1::AppTarget>& targets) {
  if (targets.empty() && epoch <= contents_.epoch) return absl::OkStatus();
  return Commit(AcceptedRecord(epoch, targets), true, kReserve);
}

absl::Status DesiredJournal::SaveResult(const std::string& app_uid,
                                        const v1::Step& result,
                                        const std::map<int, int64_t>& slots) {
  return Commit(SlotsRecord(app_uid, slots, &result), true);
}

absl::Status DesiredJournal::SaveSlots(const std::string& app_uid,
                                       const std::map<int, int64_t>& slots) {
  return Commit(SlotsRecord(app_uid, slots, nullptr), false, kReserve / 2);
}

absl::Status DesiredJournal::SaveHooks(
    const std::string& app_uid, const std::vector<v1::HookResult>& hooks) {
  return Commit(HooksRecord(app_uid, hooks), true);
}

absl::Status DesiredJournal::SaveRun(const std::string& app_uid, int slot,
                                     const std::string& run) {
  return Commit(RunRecord(app_uid, slot, run), false, kReserve / 2);
}

absl::Status DesiredJournal::SaveEvents(
    const std::string& app_uid, const std::vector<v1::AppEvent>& events) {
  return Commit(EventsRecord(app_uid, events), false, kReserve / 2);
}

absl::Status DesiredJournal::BeginBoot(const std::string& boot_id) {
  if (contents_.boot_id == boot_id) return absl::OkStatus();
  absl::Status saved = Commit(BootRecord(boot_id), false);
  ApplyBoot(boot_id, contents_);
  return saved;
}

absl::Status DesiredJournal::Forget(const std::string& app_uid) {
  return Commit(ForgetRecord(app_uid), true);
}

absl::Status DesiredJournal::ReserveWorkerIds(uint64_t next) {
  return Commit(WorkerIdRecord(next), true);
}

absl::Status DesiredJournal::Commit(const JournalRecord& record, bool sync,
                                    size_t reserve) {
  if (reserve > 0) {
    RETURN_IF_ERROR(file_->Reserve(EncodedSize(record) + reserve));
  }
  RETURN_IF_ERROR(file_->Append({record}, sync));
  FLEET_CHECK(Apply(record, contents_));
  CompactIfLarge();
  return absl::OkStatus();
}

void DesiredJournal::CompactIfLarge() {
  if (file_->size() < compact_above_) return;
  std::vector<JournalRecord> snapshot = Snapshot();
  size_t needed = 0;
  for (const JournalRecord& r : snapshot) needed += EncodedSize(r);
  compact_above_ = std::max(kCompactAbove, 2 * needed);
  if (file_->size() < compact_above_) return;
  // When it fails the file is as good as before, and is tried again when it
  // has grown as much again.
  if (!file_->Replace(snapshot, kReserve).ok())
    compact_above_ = 2 * file_->size();
}

std::vector<JournalRecord> DesiredJournal::Snapshot() const {
  std::vector<JournalRecord> records = {
      EpochRecord(contents_.epoch), WorkerIdRecord(contents_.next_worker_id),
      BootRecord(contents_.boot_id)};
  for (const auto& [uid, app] : contents_.apps) {
    for (const auto& [generation, target] : app.targets) {
      records.push_back(Record(kTarget, target));
    }
    const v1::Step* result = app.result ? &*app.result : nullptr;
    records.push_back(SlotsRecord(uid, app.slots, result));
    if (!app.hooks.empty()) records.push_back(HooksRecord(uid, app.hooks));
    if (!app.events.empty()) records.push_back(EventsRecord(uid, app.events));
    for (const auto& [slot, run] : app.runs) {
      records.push_back(RunRecord(uid, slot, run));
    }
  }
  return records;
}

}  // namespace fleet::agent
