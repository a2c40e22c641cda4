#include "node_agent/address_sockets.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fleet::agent {
namespace {

constexpr int kSharedSlot = 0;
constexpr int kBacklog = 4096;

}  // namespace

AddressSockets::AddressSockets(KeeperClient& keeper, std::string app_uid,
                               std::string key)
    : keeper_(keeper),
      app_uid_(std::move(app_uid)),
      key_(std::move(key)),
      order_note_(keeper, absl::StrCat("order/", app_uid_, "/", key_)) {}

std::string AddressSockets::SocketName(int slot) const {
  return absl::StrCat("sock/", app_uid_, "/", key_, "/", slot);
}

void AddressSockets::Adopt(int slot, UniqueFd fd) {
  sockets_[slot] = std::move(fd);
}

void AddressSockets::AdoptOrder(UniqueFd note) {
  order_note_ = HeldNote(keeper_, absl::StrCat("order/", app_uid_, "/", key_),
                         std::move(note));
}

void AddressSockets::FinishAdopt() {
  if (sockets_.empty()) return order_note_.Drop();
  NoteName();
  int reuseport = 0;
  socklen_t size = sizeof reuseport;
  getsockopt(sockets_.begin()->second.get(), SOL_SOCKET, SO_REUSEPORT,
             &reuseport, &size);
  shared_ = reuseport == 0;
  if (shared_) return;
  group_ = SlotGroup::FromText(order_note_.text());
  for (int slot : std::vector<int>(group_.order())) {
    // Opened, or closed, by an agent that then died.
    if (!sockets_.contains(slot)) group_.Leave(slot);
  }
  for (const auto& [slot, fd] : sockets_) {
    if (group_.IndexOf(slot) >= 0) continue;
    if (sockets_.size() > 1) order_known_ = false;
    group_.Join(slot);
  }
  order_note_.Write(group_.ToText());
}

absl::Status AddressSockets::Open(const ListenAddress& address,
                                  const OpenOptions& options, bool shared,
                                  int slots, int* error_number) {
  if (sockets_.empty()) shared_ = shared || address.always_shared();
  int wanted = shared_ ? 1 : std::min(slots, kMaxSlots);
  for (int slot = 0; slot < wanted; ++slot) {
    if (sockets_.contains(slot)) continue;
    absl::Status opened = OpenOne(address, options, slot, error_number);
    if (!opened.ok()) return opened;
  }
  return absl::OkStatus();
}

absl::Status AddressSockets::OpenOne(const ListenAddress& address,
                                     const OpenOptions& options, int slot,
                                     int* error_number) {
  OpenOptions full = options;
  full.will_be_joined = !shared_;
  auto fd = sockets_.empty() ? OpenListenSocket(address, full, error_number)
                             : JoinListenSocket(sockets_.begin()->second.get(),
                                                error_number);
  if (!fd.ok()) return fd.status();
  int raw = fd->get();
  sockets_[slot] = *std::move(fd);
  NoteName();
  if (!shared_) Joined(slot);
  keeper_.Hold(SocketName(slot), raw);
  return absl::OkStatus();
}

int AddressSockets::FdOf(int slot) const {
  auto it = sockets_.find(shared_ ? kSharedSlot : slot);
  return it == sockets_.end() ? -1 : it->second.get();
}

void AddressSockets::Joined(int slot) {
  group_.Join(slot);
  order_note_.Write(group_.ToText());
  ApplyProgram();
}

void AddressSockets::Left(int slot) {
  group_.Leave(slot);
  order_note_.Write(group_.ToText());
}

void AddressSockets::SetLive(const std::set<int>& live) {
  live_ = live;
  ApplyProgram();
}

void AddressSockets::Pin(uint16_t source_port, int slot) {
  pins_[source_port] = slot;
  ApplyProgram();
}

void AddressSockets::Unpin(uint16_t source_port) {
  if (pins_.erase(source_port) > 0) ApplyProgram();
}

void AddressSockets::ApplyProgram() {
  if (shared_ || sockets_.empty()) return;
  // The first UDP socket is in no group before another joins it.
  if (udp() && sockets_.size() < 2) return;
  ReuseportChoice choice;
  choice.by_flow = udp();
  if (order_known_) {
    const std::vector<int>& order = group_.order();
    for (size_t i = 0; i < order.size(); ++i) {
      if (live_.contains(order[i])) choice.live.push_back(static_cast<int>(i));
    }
    for (const auto& [port, slot] : pins_) {
      int index = group_.IndexOf(slot);
      if (index >= 0) choice.pins.push_back({port, index});
    }
  }
  if (has_program_ && choice == applied_) return;
  // A failure leaves the program before: worse balance, nothing lost.
  has_program_ =
      AttachReuseportProgram(sockets_.begin()->second.get(), choice).ok();
  applied_ = std::move(choice);
}

int AddressSockets::QueueLength(int slot) const {
  int fd = FdOf(slot);
  return fd < 0 ? 0 : AcceptQueueLength(fd);
}

void AddressSockets::Close(int slot) {
  auto it = sockets_.find(slot);
  if (it == sockets_.end()) return;
  if (sockets_.size() == 1) return CloseAll();
  live_.erase(slot);
  ApplyProgram();
  // Closing our descriptor alone would leave it in the group as long as a
  // worker has it.
  if (!udp()) shutdown(it->second.get(), SHUT_RDWR);
  Left(slot);
  keeper_.Drop(SocketName(slot));
  sockets_.erase(it);
  ApplyProgram();
}

void AddressSockets::CloseAll() {
  for (auto& [slot, fd] : sockets_) {
    if (!udp()) shutdown(fd.get(), SHUT_RDWR);
    keeper_.Drop(SocketName(slot));
  }
  if (key_.starts_with("unix:/") && !sockets_.empty()) {
    unlink(key_.c_str() + sizeof "unix:" - 1);
  }
  sockets_.clear();
  group_ = SlotGroup();
  live_.clear();
  pins_.clear();
  order_known_ = true;
  has_program_ = false;
  order_note_.Drop();
}

void AddressSockets::Repair(int slot) {
  int fd = FdOf(slot);
  if (fd < 0 || udp() || key_.starts_with("unix:") || IsListening(fd)) return;
  // A port that the kernel chose was given back by the shutdown (though
  // getsockname does not say so); one that was asked for is still bound.
  auto name = MakeInetAddress(host_, port_, AF_INET6);
  if (!name.ok() ||
      (bind(fd, name->get(), name->size) != 0 && errno != EINVAL)) {
    return;
  }
  if (listen(fd, kBacklog) != 0 || shared_) return;
  group_.Leave(slot);
  group_.Join(slot);
  order_note_.Write(group_.ToText());
  has_program_ = false;
  ApplyProgram();
}

bool AddressSockets::Overlaps(const ListenAddress& wanted) const {
  if (wanted.kind == ListenAddress::Kind::kUnix) return wanted.Key() == key_;
  bool same_kind = udp() == (wanted.kind == ListenAddress::Kind::kUdp) &&
                   !key_.starts_with("unix:");
  if (!same_kind || sockets_.empty() || port() != wanted.port) return false;
  return IsWildcardHost(host_) || wanted.wildcard() || host_ == wanted.host;
}

void AddressSockets::NoteName() {
  port_ = 0;
  for (const auto& [slot, fd] : sockets_) {
    if (port_ != 0) return;
    host_ = LocalHost(fd.get());
    port_ = LocalPort(fd.get());
  }
}

bool AddressSockets::udp() const { return key_.starts_with("udp"); }

}  // namespace fleet::agent
