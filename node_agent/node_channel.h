// The IPC channel of a Node worker, as its parent.
#ifndef FLEET_NODE_AGENT_NODE_CHANNEL_H_
#define FLEET_NODE_AGENT_NODE_CHANNEL_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "node_agent/node_message.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// Frames lines, keeps Node's rule for descriptors (after one is sent nothing
// follows before its NODE_HANDLE_ACK, acks of our own excepted) and answers
// descriptors the child sends. Which messages mean what is NodeCluster's.
//
// The keeper holds a duplicate of the socket, and a later agent goes on with
// it, so nothing of the state may be in this process alone:
// - A line is looked at with MSG_PEEK and taken out of the socket only after
//   it was handled and every answer to it is in the socket. An agent killed in
//   between leaves it to the next, so the child may get an answer twice; Node
//   ignores an ack that it does not wait for. (No descriptors are received
//   while peeking; those that came are closed as their bytes are taken out.)
// - A line of at most kMaxSendBytes goes into the socket whole or not at all
//   (the kernel takes it as one buffer), so a killed agent never leaves half.
// - Lines from the child that do not fit the kernel's buffer are gathered in
//   memory; OnLongLine says so before and after, and a channel made with
//   `inside_line` throws away all up to the next newline.
// - A NODE_HANDLE_ACK that answers the agent before is taken and forgotten.
//
// What is no JSON, or too long (kMaxLineBytes), is skipped, counted and
// logged: closing the channel would end a cluster worker that serves well.
//
// Loop thread only. Edge-triggered.
class NodeChannel {
 public:
  static constexpr size_t kMaxLineBytes = 16 << 20;
  static constexpr size_t kMaxSendBytes = 64 << 10;
  static constexpr size_t kMaxQueuedBytes = 16 << 20;

  class Listener {
   public:
    virtual ~Listener() = default;
    // Must not destroy the channel.
    virtual void OnNodeMessage(const NodeMessage& message) = 0;
    // Once, from the loop; may destroy the channel. The child has closed its
    // end, or has ended.
    virtual void OnNodeChannelClosed() = 0;
    virtual void OnLongLine(bool inside) = 0;
  };

  // `name` is for the log: "web.0 (worker 7)".
  NodeChannel(EventLoop& loop, UniqueFd fd, std::string name, bool inside_line,
              Listener& listener);
  ~NodeChannel();
  NodeChannel(const NodeChannel&) = delete;
  NodeChannel& operator=(const NodeChannel&) = delete;

  // Queues a line (without newline), with a duplicate of `fd` unless it is -1.
  // False: the channel is closed, the line too long, or the queue full.
  bool Send(const std::string& line, int fd = -1);
  bool open() const { return fd_.valid(); }
  int64_t skipped_lines() const { return skipped_lines_; }

 private:
  struct Outgoing {
    std::string bytes;
    UniqueFd fd;
    int tries = 0;
  };

  void OnEvents(uint32_t events);
  void Read();
  // False: nothing more can be done now.
  bool ReadOnce();
  bool HandleLines(std::string_view seen);
  bool ReadLongLine(std::string_view seen);
  void EnterLongLine();
  // `inner`: the message that came with a descriptor.
  void HandleLine(std::string_view line, bool inner = false);
  void Skip(std::string_view line, const char* why);
  void Consume(size_t bytes);
  void ArmStallTimer();
  void OnHandleAnswered(bool accepted);
  void SendAck();
  void Flush();
  // False: the socket is full or gone.
  bool WriteOne(const Outgoing& out);
  void Close();

  EventLoop& loop_;
  UniqueFd fd_;
  const std::string name_;
  Listener& listener_;

  size_t handled_ = 0;  // Bytes handled but still in the socket.
  bool must_consume_ = false;
  bool hung_up_ = false;
  bool long_line_;
  bool discard_line_;  // Of the long line: too long, or its start is gone.
  std::string long_bytes_;
  EventLoop::TimerId stall_timer_ = 0;
  bool stalled_ = false;

  std::deque<Outgoing> queue_;
  size_t queued_bytes_ = 0;
  int acks_due_ = 0;
  Outgoing awaiting_;  // `fd` valid: a descriptor whose ack is due.
  int64_t skipped_lines_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_NODE_CHANNEL_H_
