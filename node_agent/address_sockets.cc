#include "node_agent/address_sockets.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace fleet::agent {
namespace {

constexpr SlotLane kShared{0, 0};
constexpr int kBacklog = 4096;

}  // namespace

AddressSockets::AddressSockets(const Surroundings& around, std::string app_uid,
                               std::string key)
    : around_(around),
      app_uid_(std::move(app_uid)),
      key_(std::move(key)),
      order_note_(around.keeper, absl::StrCat("order/", app_uid_, "/", key_)) {}

AddressSockets::~AddressSockets() {
  for (auto& [at, socket] : sockets_) Unwatch(socket);
}

std::string AddressSockets::SocketName(SlotLane at) const {
  return absl::StrCat("sock/", app_uid_, "/", key_, "/", at.ToText());
}

void AddressSockets::Adopt(SlotLane at, UniqueFd fd) {
  sockets_[at].fd = std::move(fd);
}

void AddressSockets::AdoptOrder(UniqueFd note) {
  order_note_ =
      HeldNote(around_.keeper, absl::StrCat("order/", app_uid_, "/", key_),
               std::move(note));
}

void AddressSockets::FinishAdopt() {
  if (sockets_.empty()) return order_note_.Drop();
  NoteName();
  int reuseport = 0;
  socklen_t size = sizeof reuseport;
  getsockopt(sockets_.begin()->second.fd.get(), SOL_SOCKET, SO_REUSEPORT,
             &reuseport, &size);
  shared_ = reuseport == 0;
  if (shared_) return;
  group_ = SlotGroup::FromText(order_note_.text());
  int unseen = 0;
  for (SlotLane at : std::vector<SlotLane>(group_.order())) {
    // Opened, or closed, by an agent that then died; or shut down by a worker
    // while there was none.
    auto it = sockets_.find(at);
    bool gone =
        it == sockets_.end() || (!udp() && !IsListening(it->second.fd.get()));
    if (!gone) continue;
    group_.Leave(at);
    ++unseen;
  }
  for (const auto& [at, socket] : sockets_) {
    if (group_.IndexOf(at) >= 0) continue;
    if (!udp() && !IsListening(socket.fd.get())) continue;
    group_.Join(at);
    ++unseen;
  }
  // Which of two went first would matter.
  order_known_ = unseen < 2 || group_.size() < 2;
  NoteOrder();
  for (auto& [at, socket] : sockets_) Watch(at, socket);
}

bool AddressSockets::HasSlot(int slot) const {
  auto it = sockets_.lower_bound({slot, 0});
  return it != sockets_.end() && it->first.slot == slot;
}

absl::Status AddressSockets::Open(const ListenAddress& address,
                                  const OpenOptions& options, bool shared,
                                  int slots, SlotLane at, int* error_number) {
  if (sockets_.empty()) shared_ = shared || address.always_shared();
  if (shared_) {
    if (!sockets_.empty()) return absl::OkStatus();
    return OpenOne(address, options, kShared, error_number);
  }
  std::vector<SlotLane> missing;
  bool may_open = order_known_ || !HasSlot(at.slot);
  if (may_open && at.slot < kMaxSlots && !sockets_.contains(at)) {
    missing.push_back(at);
  }
  for (int slot = 0; slot < std::min(slots, kMaxSlots); ++slot) {
    if (slot != at.slot && !HasSlot(slot)) missing.push_back({slot, 0});
  }
  for (SlotLane one : missing) {
    absl::Status opened = OpenOne(address, options, one, error_number);
    if (!opened.ok()) return opened;
  }
  return absl::OkStatus();
}

absl::Status AddressSockets::OpenOne(const ListenAddress& address,
                                     const OpenOptions& options, SlotLane at,
                                     int* error_number) {
  OpenOptions full = options;
  full.will_be_joined = !shared_;
  auto fd =
      sockets_.empty()
          ? OpenListenSocket(address, full, error_number)
          : JoinListenSocket(sockets_.begin()->second.fd.get(), error_number);
  if (!fd.ok()) return fd.status();
  Socket& socket = sockets_[at];
  socket.fd = *std::move(fd);
  NoteName();
  if (!shared_) {
    group_.Join(at);
    NoteOrder();
    ApplyProgram();
    Watch(at, socket);
  }
  around_.keeper.Hold(SocketName(at), socket.fd.get());
  return absl::OkStatus();
}

SlotLane AddressSockets::Resolve(SlotLane at) const {
  if (shared_) return kShared;
  if (sockets_.contains(at)) return at;
  auto lowest = sockets_.lower_bound({at.slot, 0});
  return lowest != sockets_.end() && lowest->first.slot == at.slot
             ? lowest->first
             : at;
}

int AddressSockets::FdOf(SlotLane at) const {
  auto it = sockets_.find(Resolve(at));
  return it == sockets_.end() ? -1 : it->second.fd.get();
}

int AddressSockets::MemberFd() const {
  const Socket& member = group_.empty() ? sockets_.begin()->second
                                        : sockets_.at(group_.order().front());
  return member.fd.get();
}

void AddressSockets::NoteOrder() { order_note_.Write(group_.ToText()); }

void AddressSockets::Pin(uint16_t source_port, SlotLane at) {
  pins_[source_port] = Resolve(at);
  ApplyProgram();
}

void AddressSockets::Unpin(uint16_t source_port) {
  if (pins_.erase(source_port) > 0) ApplyProgram();
}

int AddressSockets::QueueLength(SlotLane at) const {
  int fd = FdOf(at);
  if (fd < 0) return 0;
  return udp() ? (HasDatagram(fd) ? 1 : 0) : AcceptQueueLength(fd);
}

void AddressSockets::Close(int slot) {
  bool others = std::any_of(
      sockets_.begin(), sockets_.end(),
      [slot](const auto& entry) { return entry.first.slot != slot; });
  if (!others) return CloseAll();
  std::vector<SlotLane> lanes;
  for (const auto& [at, socket] : sockets_) {
    if (at.slot == slot) lanes.push_back(at);
  }
  for (SlotLane at : lanes) CloseLane(at);
}

void AddressSockets::CloseLane(SlotLane at) {
  auto it = sockets_.find(at);
  plan_.serving.erase(at);
  plan_.attended.erase(at);
  ApplyProgram();
  Unwatch(it->second);
  int fd = it->second.fd.get();
  if (!udp()) {
    if (any_serving_) around_.relay.TakeAll(fd, /*alone=*/true);
    // Closing our descriptor alone would leave it in the group as long as a
    // worker has it.
    shutdown(fd, SHUT_RDWR);
  }
  group_.Leave(at);
  NoteOrder();
  around_.keeper.Drop(SocketName(at));
  sockets_.erase(it);
  ApplyProgram();
}

void AddressSockets::CloseAll() {
  for (auto& [at, socket] : sockets_) {
    Unwatch(socket);
    if (!udp()) shutdown(socket.fd.get(), SHUT_RDWR);
    around_.keeper.Drop(SocketName(at));
  }
  if (key_.starts_with("unix:/") && !sockets_.empty()) {
    unlink(key_.c_str() + sizeof "unix:" - 1);
  }
  sockets_.clear();
  group_ = SlotGroup();
  plan_ = LanePlan();
  pins_.clear();
  order_known_ = true;
  any_serving_ = false;
  has_program_ = false;
  order_note_.Drop();
}

void AddressSockets::Repair(SlotLane wanted) {
  auto it = sockets_.find(Resolve(wanted));
  if (it == sockets_.end() || udp() || key_.starts_with("unix:")) return;
  const auto& [at, socket] = *it;
  int fd = socket.fd.get();
  if (IsListening(fd)) return;
  // A port that the kernel chose was given back by the shutdown (though
  // getsockname does not say so); one that was asked for is still bound.
  auto name = MakeInetAddress(host_, port_, AF_INET6);
  if (!name.ok() ||
      (bind(fd, name->get(), name->size) != 0 && errno != EINVAL)) {
    return;
  }
  if (listen(fd, kBacklog) != 0 || shared_) return;
  group_.Leave(at);
  group_.Join(at);
  NoteOrder();
  has_program_ = false;
  ApplyProgram();
  Watch(at, it->second);
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
  for (const auto& [at, socket] : sockets_) {
    if (port_ != 0) return;
    host_ = LocalHost(socket.fd.get());
    port_ = LocalPort(socket.fd.get());
  }
}

bool AddressSockets::udp() const { return key_.starts_with("udp"); }

}  // namespace fleet::agent
