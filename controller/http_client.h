// Asks other people's servers over HTTP and HTTPS, without waiting for them.
#ifndef FLEET_CONTROLLER_HTTP_CLIENT_H_
#define FLEET_CONTROLLER_HTTP_CLIENT_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "controller/curl_library.h"
#include "proto/rpc/event_loop.h"

namespace fleet::controller {

struct HttpAnswer {
  // Why there is none: not reached, too late, too large. Empty: there is one.
  std::string error;
  int status = 0;
  std::string body;
};

// libcurl's multi interface on the event loop: nothing blocks, names are
// resolved by a thread of libcurl's own. Certificates are checked against the
// system's authorities or those of a file; redirects are not followed; a proxy
// is used where the environment names one (http_proxy …).
//
// Loop thread only. At most kMaxRequests at a time, more are answered with an
// error; of a body at most kMaxBody bytes are taken, a longer one is an error.
class HttpClient {
 public:
  using Done = std::function<void(const HttpAnswer& answer)>;
  static constexpr size_t kMaxRequests = 64;
  static constexpr size_t kMaxBody = 1 << 20;

  // `authority`: PEM file of who is trusted, read for every connection; empty:
  // whom the system trusts.
  explicit HttpClient(EventLoop& loop, std::string authority = {})
      : loop_(loop), authority_(std::move(authority)) {}
  // Requests under way are given up; nobody is told.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Loads what it needs, once. FAILED_PRECONDITION: libcurl is not installed.
  absl::Status Prepare();
  // GET. `done` runs once, later, on the loop, within `timeout` (and a little),
  // which covers everything from the resolver on.
  void Get(const std::string& url, absl::Duration timeout, Done done);

 private:
  struct Request {
    HttpAnswer answer;
    Done done;
    char error[CURL_ERROR_SIZE] = "";
  };

  static size_t OnBody(char* bytes, size_t size, size_t count, void* request);
  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self,
                      void* socket);
  static int OnTimer(CURLM* multi, long millis, void* self);
  CURL* Make(const std::string& url, absl::Duration timeout, Request& request);
  void Fail(Done done, const std::string& why);
  // Why the request has failed, as libcurl or its TLS library says it.
  std::string ErrorOf(CURL* easy, CURLcode code, const Request& request) const;
  void Act(int fd, int events);
  void TakeFinished();

  EventLoop& loop_;
  const std::string authority_;
  CurlLibrary curl_;
  CURLM* multi_ = nullptr;
  std::map<CURL*, std::unique_ptr<Request>> requests_;
  std::set<int> watched_;
  EventLoop::TimerId timer_ = 0;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_HTTP_CLIENT_H_
