#include "tests/fakes/fake_log_pump.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_split.h"

namespace fleet::agent {

FakeLogPump::~FakeLogPump() {
  for (auto& [key, pipe] : pipes_) loop_.RemoveFd(pipe.get());
}

void FakeLogPump::Add(WorkerId owner, const std::string& /*app*/, int /*slot*/,
                      LogStreamKind stream, const LogPolicy& /*policy*/,
                      UniqueFd pipe) {
  Key key(owner, stream);
  int fd = pipe.get();
  pipes_[key] = std::move(pipe);
  loop_.AddFd(fd, EPOLLIN, [this, key, fd](uint32_t) {
    if (!ReadSome(key, fd)) Close(key);
  });
}

bool FakeLogPump::ReadSome(const Key& key, int fd) {
  std::array<char, 4096> bytes;
  while (true) {
    ssize_t n = read(fd, bytes.data(), bytes.size());
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    text_[key].append(bytes.data(), static_cast<size_t>(n));
  }
}

void FakeLogPump::Close(const Key& key) {
  auto it = pipes_.find(key);
  if (it == pipes_.end()) return;
  loop_.RemoveFd(it->second.get());
  pipes_.erase(it);
}

void FakeLogPump::ReadNow(WorkerId owner) {
  for (LogStreamKind stream : {LogStreamKind::kOut, LogStreamKind::kErr}) {
    Key key(owner, stream);
    auto it = pipes_.find(key);
    if (it != pipes_.end()) ReadSome(key, it->second.get());
  }
}

void FakeLogPump::Finish(WorkerId owner) {
  for (LogStreamKind stream : {LogStreamKind::kOut, LogStreamKind::kErr}) {
    Key key(owner, stream);
    auto it = pipes_.find(key);
    if (it == pipes_.end()) continue;
    ReadSome(key, it->second.get());
    Close(key);
  }
}

std::vector<std::string> FakeLogPump::StderrTail(WorkerId owner,
                                                 int /*lines*/) const {
  return absl::StrSplit(Text(owner, LogStreamKind::kErr), '\n',
                        absl::SkipEmpty());
}

std::string FakeLogPump::Text(WorkerId owner, LogStreamKind stream) const {
  auto it = text_.find({owner, stream});
  return it == text_.end() ? "" : it->second;
}

}  // namespace fleet::agent
