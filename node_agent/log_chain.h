// The files of one log in their order, opened as they are needed.
#ifndef FLEET_NODE_AGENT_LOG_CHAIN_H_
#define FLEET_NODE_AGENT_LOG_CHAIN_H_

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "node_agent/log_piece.h"

namespace fleet::agent {

// Copes with files that are rotated, compressed and removed meanwhile: what was
// opened stays, and what comes before or after it is found by the name it has
// now or by its serial. Not thread-safe; knows nothing of who writes.
class LogChain {
 public:
  // `times_folder` as LogTimes has it.
  LogChain(std::string path, std::string times_folder)
      : path_(std::move(path)), times_folder_(std::move(times_folder)) {}

  // Pieces are valid until DropBefore.
  //
  // The one that is written now, or was written last; nullptr: there is none.
  LogPiece* Newest();
  // The neighbours of a piece; nullptr: there is none.
  LogPiece* Before(const LogPiece& piece);
  LogPiece* After(const LogPiece& piece);
  // All before `piece` are closed.
  void DropBefore(const LogPiece& piece);

 private:
  using Pieces = std::list<std::unique_ptr<LogPiece>>;
  struct Name {
    std::string path;
    bool compressed;
  };

  // The newest first.
  std::vector<Name> Names() const;
  std::unique_ptr<LogPiece> Open(const Name& name) const;
  std::unique_ptr<LogPiece> OpenBefore(const LogPiece& piece) const;
  std::unique_ptr<LogPiece> OpenAfter(const LogPiece& piece) const;
  // By name: the one that is next to it now. A piece that has no name any more
  // was compressed or removed; then the next by its serial.
  std::unique_ptr<LogPiece> OpenNext(
      const std::vector<Name>& names, const LogPiece& piece,
      const std::function<bool(const LogPiece&)>& is_beyond) const;
  Pieces::iterator Find(const LogPiece& piece);

  const std::string path_;
  const std::string times_folder_;
  Pieces pieces_;  // The oldest first, without gaps in between.
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_CHAIN_H_
