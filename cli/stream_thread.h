// Reads a stream of answers on a thread of its own and hands them to a loop.
#ifndef FLEET_CLI_STREAM_THREAD_H_
#define FLEET_CLI_STREAM_THREAD_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "cli/fleet_client.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/grpc_status.h"

namespace fleet::cli {

// One message is on its way to the loop at a time; the next is read when the
// handler has returned, so a slow loop slows the server down. Made and
// destroyed on the loop's thread; destroying cancels and joins.
template <typename Response>
class StreamThread : public StreamCall {
 public:
  using Open = std::function<std::unique_ptr<grpc::ClientReader<Response>>(
      grpc::ClientContext*)>;

  StreamThread(const Open& open, EventLoop& loop,
               StreamHandlers<Response> handlers)
      : shared_(std::make_shared<Shared>(loop, std::move(handlers))),
        thread_([shared = shared_, open] { Read(shared, open); }) {}

  ~StreamThread() override {
    {
      const std::lock_guard<std::mutex> lock(shared_->mutex);
      shared_->closed = true;
    }
    shared_->taken.notify_all();
    shared_->context.TryCancel();
    thread_.join();
  }

 private:
  // Shared with the tasks that are posted, which may run after the call is
  // gone and then do nothing.
  struct Shared {
    Shared(EventLoop& l, StreamHandlers<Response> h)
        : loop(l), handlers(std::move(h)) {}

    EventLoop& loop;
    StreamHandlers<Response> handlers;
    grpc::ClientContext context;
    std::mutex mutex;
    std::condition_variable taken;
    bool closed = false;   // Guarded by mutex.
    bool waiting = false;  // Guarded by mutex: a message is with the loop.

    bool IsClosed() {
      const std::lock_guard<std::mutex> lock(mutex);
      return closed;
    }
  };

  static void Read(const std::shared_ptr<Shared>& shared, const Open& open) {
    const auto reader = open(&shared->context);
    Response response;
    while (reader->Read(&response)) {
      {
        const std::lock_guard<std::mutex> lock(shared->mutex);
        shared->waiting = true;
      }
      shared->loop.Post(
          [shared, message = std::move(response)] { Hand(shared, message); });
      std::unique_lock<std::mutex> lock(shared->mutex);
      shared->taken.wait(lock,
                         [&] { return shared->closed || !shared->waiting; });
      response.Clear();
    }
    const absl::Status status = FromGrpcStatus(reader->Finish());
    shared->loop.Post([shared, status] {
      if (!shared->IsClosed()) shared->handlers.on_end(status);
    });
  }

  static void Hand(const std::shared_ptr<Shared>& shared,
                   const Response& message) {
    if (shared->IsClosed()) return;
    shared->handlers.on_message(message);
    {
      const std::lock_guard<std::mutex> lock(shared->mutex);
      shared->waiting = false;
    }
    shared->taken.notify_all();
  }

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_STREAM_THREAD_H_
