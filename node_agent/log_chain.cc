#include "node_agent/log_chain.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "node_agent/log_rotation.h"
#include "proto/rpc/status.h"

namespace fleet::agent {

std::vector<LogChain::Name> LogChain::Names() const {
  std::vector<Name> names = {{path_, false}};
  for (RotatedLog& log : RotatedLogs(path_)) {
    names.push_back({std::move(log.path), log.compressed});
  }
  return names;
}

std::unique_ptr<LogPiece> LogChain::Open(const Name& name) const {
  return LogPiece::Open(name.path, name.compressed, times_folder_);
}

LogChain::Pieces::iterator LogChain::Find(const LogPiece& piece) {
  auto found =
      std::find_if(pieces_.begin(), pieces_.end(),
                   [&piece](const auto& p) { return p.get() == &piece; });
  FLEET_CHECK(found != pieces_.end());
  return found;
}

LogPiece* LogChain::Newest() {
  if (!pieces_.empty()) return pieces_.back().get();
  for (const Name& name : Names()) {
    std::unique_ptr<LogPiece> piece = Open(name);
    if (piece == nullptr) continue;  // Just being rotated.
    pieces_.push_back(std::move(piece));
    return pieces_.back().get();
  }
  return nullptr;
}

LogPiece* LogChain::Before(const LogPiece& piece) {
  auto at = Find(piece);
  if (at == pieces_.begin()) {
    std::unique_ptr<LogPiece> opened = OpenBefore(piece);
    if (opened == nullptr) return nullptr;
    pieces_.push_front(std::move(opened));
  }
  return std::prev(at)->get();
}

LogPiece* LogChain::After(const LogPiece& piece) {
  auto at = Find(piece);
  if (std::next(at) == pieces_.end()) {
    std::unique_ptr<LogPiece> opened = OpenAfter(piece);
    if (opened == nullptr) return nullptr;
    pieces_.push_back(std::move(opened));
  }
  return std::next(at)->get();
}

void LogChain::DropBefore(const LogPiece& piece) {
  pieces_.erase(pieces_.begin(), Find(piece));
}

std::unique_ptr<LogPiece> LogChain::OpenBefore(const LogPiece& piece) const {
  return OpenNext(Names(), piece, [&piece](const LogPiece& other) {
    return other.serial() > 0 && other.serial() < piece.serial();
  });
}

std::unique_ptr<LogPiece> LogChain::OpenAfter(const LogPiece& piece) const {
  if (LogPiece::IdOf(path_) == piece.id()) return nullptr;
  std::vector<Name> names = Names();
  std::reverse(names.begin(), names.end());
  return OpenNext(names, piece, [&piece](const LogPiece& other) {
    return other.serial() > piece.serial();
  });
}

std::unique_ptr<LogPiece> LogChain::OpenNext(
    const std::vector<Name>& names, const LogPiece& piece,
    const std::function<bool(const LogPiece&)>& is_beyond) const {
  auto at = std::find_if(names.begin(), names.end(), [&](const Name& name) {
    return LogPiece::IdOf(name.path) == piece.id();
  });
  bool named = at != names.end();
  for (at = named ? std::next(at) : names.begin(); at != names.end(); ++at) {
    std::unique_ptr<LogPiece> opened = Open(*at);
    if (opened != nullptr && (named || is_beyond(*opened))) return opened;
  }
  return nullptr;
}

}  // namespace fleet::agent
