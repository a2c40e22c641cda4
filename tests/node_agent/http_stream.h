// HTTP clients on an event loop that count what fails.
#ifndef FLEET_TESTS_NODE_AGENT_HTTP_STREAM_H_
#define FLEET_TESTS_NODE_AGENT_HTTP_STREAM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node_agent/unique_fd.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// Each client sends GET / as soon as it has the answer before, on one
// connection or on a new one each time. A request that was sent and got no
// whole answer, or could not connect, has failed. Loop thread only.
class HttpStream {
 public:
  HttpStream(EventLoop& loop, const std::string& host, int port, int clients,
             bool keep_alive);
  ~HttpStream();
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

  // No more requests are begun.
  void Finish() { finishing_ = true; }
  bool idle() const;

  int64_t answers() const { return answers_; }
  int64_t failures() const { return failures_; }
  const std::string& first_failure() const { return first_failure_; }
  // Answers by body.
  const std::map<std::string, int64_t>& bodies() const { return bodies_; }

 private:
  struct Client {
    UniqueFd fd;
    std::string received;
    int64_t on_connection = 0;
  };

  void Begin(Client& client);
  void SendRequest(Client& client);
  void OnEvents(Client& client, uint32_t events);
  // The answer is whole.
  void OnAnswer(Client& client, const std::string& body, bool close);
  void Fail(Client& client, const std::string& why);
  void Close(Client& client);

  EventLoop& loop_;
  const std::string host_;
  const int port_;
  const bool keep_alive_;
  std::vector<std::unique_ptr<Client>> clients_;
  bool finishing_ = false;
  int64_t answers_ = 0;
  int64_t failures_ = 0;
  std::string first_failure_;
  std::map<std::string, int64_t> bodies_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_TESTS_NODE_AGENT_HTTP_STREAM_H_
