// AddressSockets: which of its sockets get connections, and what is done about
// those that come where nobody is.
#include <spdlog/spdlog.h>
#include <sys/epoll.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "node_agent/address_sockets.h"

namespace fleet::agent {
namespace {

// A worker that was told to stop may still accept: it comes first.
constexpr absl::Duration kRescueAfter = absl::Milliseconds(20);

}  // namespace

void AddressSockets::SetPlan(const LanePlan& plan) {
  plan_ = plan;
  ApplyProgram();
  if (!order_known_) CloseUnattended();
  for (auto& [at, socket] : sockets_) Watch(at, socket);
}

int AddressSockets::HomeOf(int slot) const {
  auto home = plan_.home.find(slot);
  if (home != plan_.home.end() && sockets_.contains({slot, home->second})) {
    return home->second;
  }
  return Resolve({slot, 0}).lane;
}

bool AddressSockets::IsAttended(SlotLane at) const {
  return !any_serving_ || plan_.attended.contains(at) ||
         HomeOf(at.slot) == at.lane;
}

ReuseportChoice AddressSockets::Choose() const {
  ReuseportChoice choice;
  choice.by_flow = udp();
  if (!order_known_) return choice;
  const std::vector<SlotLane>& order = group_.order();
  for (size_t i = 0; i < order.size(); ++i) {
    SlotLane at = order[i];
    if (any_serving_ ? plan_.serving.contains(at)
                     : HomeOf(at.slot) == at.lane) {
      choice.live.push_back(static_cast<int>(i));
    }
  }
  for (const auto& [port, at] : pins_) {
    int index = group_.IndexOf(at);
    if (index >= 0) choice.pins.push_back({port, index});
  }
  return choice;
}

void AddressSockets::ApplyProgram() {
  if (shared_ || sockets_.empty()) return;
  // The first UDP socket is in no group before another joins it.
  if (udp() && sockets_.size() < 2) return;
  any_serving_ =
      std::any_of(group_.order().begin(), group_.order().end(),
                  [this](SlotLane at) { return plan_.serving.contains(at); });
  ReuseportChoice choice = Choose();
  if (has_program_ && choice == applied_) return;
  // A failure leaves the program before: worse balance, nothing lost.
  has_program_ = AttachReuseportProgram(MemberFd(), choice).ok();
  applied_ = std::move(choice);
}

void AddressSockets::CloseUnattended() {
  std::vector<SlotLane> unattended;
  for (const auto& [at, socket] : sockets_) {
    if (!IsAttended(at)) unattended.push_back(at);
  }
  for (SlotLane at : unattended) CloseLane(at);
  order_known_ = sockets_.size() == 1;
  ApplyProgram();
}

void AddressSockets::Watch(SlotLane at, Socket& socket) {
  if (shared_ || udp()) return;
  bool rescue = !IsAttended(at) && socket.rescue_timer == 0;
  uint32_t events = rescue ? uint32_t{EPOLLIN} : 0;
  if (socket.watched == events) return;
  if (socket.watched.has_value()) {
    socket.watched = events;
    return around_.loop.ModifyFd(socket.fd.get(), events);
  }
  // What has been shut down would say so for ever.
  if (!IsListening(socket.fd.get())) return;
  socket.watched = events;
  around_.loop.AddFd(socket.fd.get(), events,
                     [this, at](uint32_t seen) { OnEvents(at, seen); });
}

void AddressSockets::Unwatch(Socket& socket) {
  around_.loop.CancelTimer(std::exchange(socket.rescue_timer, 0));
  if (!socket.watched.has_value()) return;
  around_.loop.RemoveFd(socket.fd.get());
  socket.watched.reset();
}

void AddressSockets::OnEvents(SlotLane at, uint32_t events) {
  Socket& socket = sockets_.at(at);
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) return OnShutDown(at, socket);
  if ((events & EPOLLIN) != 0) RescueLater(at, socket);
}

void AddressSockets::OnShutDown(SlotLane at, Socket& socket) {
  Unwatch(socket);
  if (IsListening(socket.fd.get())) return Watch(at, socket);
  bool attended = IsAttended(at);
  group_.Leave(at);
  NoteOrder();
  has_program_ = false;
  ApplyProgram();
  // A worker that serves has its reasons; Repair follows when it ends.
  if (!attended) Repair(at);
}

void AddressSockets::RescueLater(SlotLane at, Socket& socket) {
  if (socket.rescue_timer == 0) {
    socket.rescue_timer = around_.loop.AddTimerAfter(kRescueAfter, [this, at] {
      sockets_.at(at).rescue_timer = 0;
      Rescue(at);
    });
  }
  Watch(at, socket);
}

void AddressSockets::Rescue(SlotLane at) {
  Socket& socket = sockets_.at(at);
  if (IsAttended(at)) return Watch(at, socket);
  int fd = socket.fd.get();
  int carried = around_.relay.TakeAll(fd, !plan_.occupied.contains(at));
  if (carried > 0) {
    spdlog::warn(
        "{} of app {}: {} connections came to slot {} lane {}, whose worker "
        "accepts no more; the agent carries them to another worker",
        key_, app_uid_, carried, at.slot, at.lane);
  }
  // What is left waits for room, or for the worker to be gone.
  if (AcceptQueueLength(fd) > 0) return RescueLater(at, socket);
  Watch(at, socket);
}

}  // namespace fleet::agent
