#include "node_agent/held_note.h"

#include <sys/mman.h>
#include <unistd.h>

#include <utility>

namespace fleet::agent {

HeldNote::HeldNote(KeeperClient& keeper, std::string name)
    : keeper_(&keeper), name_(std::move(name)) {}

HeldNote::HeldNote(KeeperClient& keeper, std::string name, UniqueFd fd)
    : keeper_(&keeper), name_(std::move(name)), fd_(std::move(fd)) {
  std::string buffer(kMaxBytes + 1, '\0');
  ssize_t n = pread(fd_.get(), buffer.data(), buffer.size(), 0);
  // The text ends at the first NUL: a shorter text is written over a longer.
  if (n > 0) text_ = buffer.substr(0, buffer.find('\0'));
}

int HeldNote::MakeFile() {
  if (!fd_.valid()) fd_.Reset(memfd_create("fleet-note", MFD_CLOEXEC));
  return fd_.get();
}

bool HeldNote::Write(const std::string& text) {
  if (text.size() > kMaxBytes) return false;
  if (fd_.valid() && text == text_) return true;
  bool fresh = !fd_.valid();
  if (MakeFile() < 0) return false;
  // One call with the NUL: a reader never sees half of it.
  ssize_t n = pwrite(fd_.get(), text.c_str(), text.size() + 1, 0);
  if (n != static_cast<ssize_t>(text.size() + 1)) return false;
  text_ = text;
  if (fresh) keeper_->Hold(name_, fd_.get());
  return true;
}

void HeldNote::Drop() {
  if (!fd_.valid()) return;
  keeper_->Drop(name_);
  fd_.Reset();
  text_.clear();
}

}  // namespace fleet::agent
