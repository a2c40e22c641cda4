// A short text that outlives the agent.
#ifndef FLEET_NODE_AGENT_HELD_NOTE_H_
#define FLEET_NODE_AGENT_HELD_NOTE_H_

#include <string>

#include "node_agent/keeper_client.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {

// An anonymous file that the keeper holds under a name. A write is in force as
// soon as it returns: no message to the keeper is needed, so a SIGKILL of the
// agent right after it loses nothing.
//
// Used for what a later agent must know and cannot find out: the order of a
// reuseport group, how far a worker has come. Loop thread only.
class HeldNote {
 public:
  static constexpr size_t kMaxBytes = 64 << 10;

  // Empty; the file is made by the first Write.
  HeldNote(KeeperClient& keeper, std::string name);
  // Found in the keeper's inventory.
  HeldNote(KeeperClient& keeper, std::string name, UniqueFd fd);

  const std::string& text() const { return text_; }
  // Makes the file, for a worker to be given a duplicate of it; -1: it cannot
  // be made. Whoever calls it sees to it that it is held.
  int MakeFile();
  // Replaces the text. A text beyond kMaxBytes is not kept, and false returned;
  // so it is when the machine has no descriptor left.
  bool Write(const std::string& text);
  // The keeper lets go of it.
  void Drop();

 private:
  KeeperClient* keeper_;
  std::string name_;
  UniqueFd fd_;
  std::string text_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_HELD_NOTE_H_
