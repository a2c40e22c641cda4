// Messages that wait for a gRPC stream, which takes one write at a time.
#ifndef FLEET_PROTO_RPC_OUTBOX_H_
#define FLEET_PROTO_RPC_OUTBOX_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

#include "proto/rpc/status.h"

namespace fleet {

// Loop thread only. Use by a reactor, client or server:
//
//   after each Push, and on the loop after each OnWriteDone(ok = true):
//     if (const M* m = outbox.BeginWrite()) reactor.StartWrite(m);
//   OnWriteDone posts to the loop, which calls EndWrite() first.
//
// A reactor that starts writes from the loop, not from a reaction, must hold
// its call open meanwhile (client: AddHold), and its owner must not use it
// after OnDone.
//
// Holds at most `capacity` waiting messages, besides the one being written.
template <class Message>
class Outbox {
 public:
  explicit Outbox(size_t capacity) : capacity_(capacity) {}

  // False: it is full, and the message was dropped and counted.
  bool Push(Message message) { return Enqueue({}, std::move(message)); }

  // The same, but a waiting message of the same key is replaced, where it
  // stands: the latest wins. `key` is not empty.
  bool PushLatest(const std::string& key, Message message) {
    auto found = by_key_.find(key);
    if (found == by_key_.end()) return Enqueue(key, std::move(message));
    found->second->message = std::move(message);
    return true;
  }

  // The next message to write, which stays valid until EndWrite; nullptr when
  // nothing waits or a write is under way.
  const Message* BeginWrite() {
    if (is_writing() || waiting_.empty()) return nullptr;
    if (!waiting_.front().key.empty()) by_key_.erase(waiting_.front().key);
    writing_.splice(writing_.begin(), waiting_, waiting_.begin());
    return &writing_.front().message;
  }

  void EndWrite() {
    FLEET_CHECK(is_writing());
    writing_.clear();
  }

  bool is_writing() const { return !writing_.empty(); }
  size_t waiting() const { return waiting_.size(); }
  // Messages that were refused for want of room.
  int64_t dropped() const { return dropped_; }

 private:
  struct Entry {
    std::string key;  // Empty: never replaced.
    Message message;
  };

  bool Enqueue(const std::string& key, Message message) {
    if (waiting_.size() >= capacity_) {
      ++dropped_;
      return false;
    }
    waiting_.push_back({key, std::move(message)});
    if (!key.empty()) by_key_[key] = std::prev(waiting_.end());
    return true;
  }

  const size_t capacity_;
  std::list<Entry> waiting_;
  std::list<Entry> writing_;  // At most one.
  std::unordered_map<std::string, typename std::list<Entry>::iterator> by_key_;
  int64_t dropped_ = 0;
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_OUTBOX_H_
