// The one batch of lines that is on its way from a worker's pipe into its log
// files, where they do not go as they are: kept so that no kill of the agent
// loses or doubles it.
#ifndef FLEET_NODE_AGENT_LOG_TRANSIT_H_
#define FLEET_NODE_AGENT_LOG_TRANSIT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/keeper_client.h"
#include "node_agent/log_origin.h"
#include "node_agent/log_times.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {

// Bytes go from the worker's pipe into a pipe of ours by splice(2), so they are
// in one of the two, and from there into nothing once their text is in the
// files. A note in memory that outlives the agent says which files, from which
// offset on, and with which time: that makes the text again, byte for byte. So
// after a kill the next agent writes the batch once more, to the same place.
//
// The keeper holds both. Without a keeper (a test) they end with this object.
// Loop thread only.
class LogTransit {
 public:
  static constexpr size_t kMaxTargets = 2;
  // Names that the keeper holds begin so.
  static constexpr char kHeldPrefix[] = "transit/";

  struct Target {
    LogFileId id;
    int64_t offset = 0;
    // A newline goes before the text, for a line that another one left.
    bool newline = false;
  };
  struct Note {
    WorkerId owner = 0;
    LogStreamKind stream = LogStreamKind::kOut;
    absl::Time time;
    std::vector<Target> targets;
  };
  using Hold = std::function<void(const std::string& name, int fd)>;

  // `held`: what an agent before this one gave to `hold`.
  LogTransit(std::vector<Inventory::Held> held, const Hold& hold);
  ~LogTransit();
  LogTransit(const LogTransit&) = delete;
  LogTransit& operator=(const LogTransit&) = delete;

  // What an agent before this one had under way.
  const std::optional<Note>& left() const { return left_; }
  // The bytes of it.
  const std::string& left_bytes() const { return left_bytes_; }

  // Takes `count` bytes out of `pipe` and gives how many: fewer when they do
  // not fit. End has been called for what was before, also for what was left.
  size_t Begin(const Note& note, int pipe, size_t count);
  // The text is in the files.
  void End();

 private:
  struct Record;

  void Adopt(std::vector<Inventory::Held> held);
  void Make(const Hold& hold);
  void ReadLeft();
  bool CopyLeft();
  void Drain();

  UniqueFd read_;
  UniqueFd write_;
  UniqueFd memory_;
  UniqueFd nothing_;
  Record* record_ = nullptr;
  std::optional<Note> left_;
  std::string left_bytes_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_TRANSIT_H_
