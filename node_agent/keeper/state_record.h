// What the keeper has, in a file: for the keeper that comes after it and its
// agent have both been killed.
#ifndef FLEET_NODE_AGENT_KEEPER_STATE_RECORD_H_
#define FLEET_NODE_AGENT_KEEPER_STATE_RECORD_H_

#include <cstddef>
#include <cstdint>

#include "node_agent/keeper/fd_store.h"
#include "node_agent/keeper/process_table.h"
#include "node_agent/keeper/saved_entry.h"

namespace fleet::keeper {

// DIR/keeper.state: a header and a slot of fixed size for each entry of the
// two tables, written in place, never synced: it is of use within one boot
// alone, and there the kernel has it. A copy of it in a copied folder is none,
// since what it names is another keeper's. Each slot has a checksum. A keeper
// leaves the file of the one before it alone until it knows as much (Begin),
// and then has its own in that place at once: should it be killed before, the
// next one still finds all.
//
// Keeper calls Flush before it tells the agent news, and at the end of every
// turn. A process that it has started since is not written down yet;
// newest_id() tells the agent which ids that may be.
//
// Room for all of it (4.5 MiB) is taken on the disk when the file is made, so
// that it is kept on a full disk as well. Where that was not possible and it
// cannot be written it counts as none, and is tried again every 5 s: what is
// stale would be worse than nothing.
class StateRecord {
 public:
  // A tag of more bytes is not written down, and the process counts as one
  // that cannot be found again.
  static constexpr size_t kMaxRecordedTag = 448;

  // What Load found.
  struct Found {
    // The file is of this boot and whole, so that what it does not name and is
    // not newer than newest_id() is no worker.
    bool complete = false;
    size_t processes = 0;
    size_t held = 0;
  };
  // A held descriptor of the last keeper, and its name; `name` is valid only
  // during the call.
  using HeldVisitor = void (*)(void* context, const SavedHeld& held,
                               const char* name);

  // False: errno. `dir` is a descriptor of the folder, and stays open.
  bool Open(int dir);
  // For the process after an exec of this one, whose file it was.
  void Resume(int fd);
  // Reads what the last keeper left. Adds its processes to `table`, with
  // pidfds of those that live; the others count as ended, how is unknown.
  Found Load(ProcessTable& table, HeldVisitor visit, void* context);
  // After Load: the tables have all that was found, as far as it is still to be
  // had. Puts a new file in the place of the old one. Later calls do nothing.
  void Begin(ProcessTable& processes, FdStore& store, int64_t now_ms);
  // Writes down what has changed in the tables. Nothing before Begin.
  void Flush(ProcessTable& processes, FdStore& store, int64_t now_ms);

  // The keeper ends by itself, and nothing is left to be found.
  void Clear();

  // What Load found is a copy in a folder that was copied.
  bool copied() const { return copied_; }
  int fd() const { return fd_; }
  // No process with a higher id had been written down by the last keeper.
  uint64_t newest_id() const { return loaded_newest_id_; }

 private:
  struct Header;

  bool LoadHeader();
  bool LoadProcesses(ProcessTable& table, Found& found);
  bool LoadHeld(HeldVisitor visit, void* context, Found& found);
  bool WriteHeader();
  bool WriteChanges(ProcessTable& processes, FdStore& store);
  bool WriteProcess(const ProcessTable& processes, size_t index);
  bool WriteHeld(const FdStore& store, size_t index);
  // The file of the keeper before, from end to end.
  bool WriteOver(ProcessTable& processes, FdStore& store);
  void Fail(int64_t now_ms);

  int fd_ = -1;
  int dir_ = -1;
  bool begun_ = false;
  bool copied_ = false;
  char boot_id_[40] = {};
  uint64_t newest_id_ = 0;
  uint64_t written_newest_id_ = 0;
  uint64_t loaded_newest_id_ = 0;
  bool broken_ = false;
  int64_t retry_ms_ = 0;
};

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_STATE_RECORD_H_
