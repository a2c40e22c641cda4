// What the keeper tells the agent.
#include <unistd.h>

#include <cstring>

#include "node_agent/keeper/agent_session.h"

namespace fleet::keeper {

AgentSession::Result AgentSession::Send() {
  if (stage_ == Stage::kNoHello) return Result::kOk;
  SendResult sent = SendInventory();
  if (sent == SendResult::kSent) sent = SendFailures();
  if (sent == SendResult::kSent) sent = SendChanges();
  if (sent == SendResult::kSent && refused_.count > 0) {
    sent = SendFixed(refused_);
    if (sent == SendResult::kSent) refused_ = {};
  }
  blocked_ = sent == SendResult::kFull;
  return sent == SendResult::kClosed ? Result::kClosed : Result::kOk;
}

// One message after the other, as far as the socket takes them.
SendResult AgentSession::SendInventory() {
  SendResult sent = SendResult::kSent;
  while (sent == SendResult::kSent && stage_ != Stage::kRunning) {
    switch (stage_) {
      case Stage::kWelcome:
        sent = SendWelcome();
        if (sent == SendResult::kSent) stage_ = Stage::kProcesses;
        break;
      case Stage::kProcesses:
        if (cursor_ == processes_.limit()) {
          stage_ = Stage::kHeld;
          cursor_ = 0;
        } else {
          sent = SendProcess(*processes_.at(cursor_));
          if (sent == SendResult::kSent) ++cursor_;
        }
        break;
      case Stage::kHeld:
        if (cursor_ == store_.limit()) {
          stage_ = Stage::kEnd;
        } else {
          sent = SendHeld(store_.at(cursor_));
          if (sent == SendResult::kSent) ++cursor_;
        }
        break;
      case Stage::kEnd:
        sent = SendFixed(InventoryEnd{HeaderOf(Type::kInventoryEnd)});
        if (sent == SendResult::kSent) stage_ = Stage::kRunning;
        break;
      case Stage::kNoHello:
      case Stage::kRunning:
        return sent;
    }
  }
  return sent;
}

SendResult AgentSession::SendWelcome() {
  Welcome welcome{};
  welcome.header = HeaderOf(Type::kWelcome);
  welcome.version = kVersion;
  welcome.keeper_pid = getpid();
  welcome.after_loss = after_loss_ ? 1 : 0;
  welcome.newest_id = newest_id_;
  strncpy(welcome.version_text, FLEET_VERSION, kMaxVersionText - 1);
  return SendFixed(welcome);
}

SendResult AgentSession::SendProcess(Process& process) {
  if (!process.used) return SendResult::kSent;
  ProcessInfo info{};
  info.header = HeaderOf(Type::kProcess);
  info.id = process.id;
  info.start_ticks = process.start_ticks;
  info.pid = process.pid;
  info.exit_value = process.exit_value;
  info.exit_kind = process.exit_kind;
  info.ended = process.ended ? 1 : 0;
  info.is_child = process.is_child ? 1 : 0;
  info.tag_size = process.tag_size;
  SendResult sent = SendPacket(socket_, &info, sizeof info, process.tag,
                               process.tag_size, process.pidfd);
  if (sent != SendResult::kSent) return sent;
  if (process.tell_spawned) --changes_;
  if (process.tell_exited) --changes_;
  process.tell_spawned = process.tell_exited = false;
  return sent;
}

SendResult AgentSession::SendHeld(const FdStore::Entry& entry) {
  if (entry.name == nullptr) return SendResult::kSent;
  Name held{HeaderOf(Type::kHeld), entry.owner, entry.size, 0};
  return SendPacket(socket_, &held, sizeof held, entry.name, entry.size,
                    entry.fd);
}

SendResult AgentSession::SendFailures() {
  size_t done = 0;
  SendResult sent = SendResult::kSent;
  while (done < n_failures_ && sent == SendResult::kSent) {
    sent = SendFixed(failures_[done]);
    if (sent == SendResult::kSent) ++done;
  }
  n_failures_ -= done;
  memmove(failures_, failures_ + done, n_failures_ * sizeof failures_[0]);
  return sent;
}

SendResult AgentSession::SendChanges() {
  SendResult sent = SendResult::kSent;
  for (size_t i = 0; changes_ > 0 && i < processes_.limit(); ++i) {
    sent = SendChange(*processes_.at(i));
    if (sent != SendResult::kSent) break;
  }
  return sent;
}

SendResult AgentSession::SendChange(Process& process) {
  SendResult sent = SendResult::kSent;
  if (process.tell_spawned) {
    sent = SendFixed(Spawned{HeaderOf(Type::kSpawned), process.id,
                             process.start_ticks, process.pid, 0},
                     process.pidfd);
    if (sent != SendResult::kSent) return sent;
    process.tell_spawned = false;
    --changes_;
  }
  if (process.tell_exited) {
    sent = SendFixed(Exited{HeaderOf(Type::kExited),
                            process.id,
                            process.exit_value,
                            process.exit_kind,
                            static_cast<uint8_t>(process.tree_gone ? 1 : 0),
                            {},
                            process.pid,
                            0});
    if (sent != SendResult::kSent) return sent;
    process.tell_exited = false;
    --changes_;
  }
  return sent;
}

}  // namespace fleet::keeper
