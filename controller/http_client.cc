#include "controller/http_client.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::controller {

HttpClient::~HttpClient() {
  if (multi_ == nullptr) return;
  for (auto& [easy, request] : requests_) {
    curl_.multi_remove_handle(multi_, easy);
    curl_.easy_cleanup(easy);
  }
  curl_.multi_cleanup(multi_);
  for (int fd : watched_) loop_.RemoveFd(fd);
  loop_.CancelTimer(timer_);
}

absl::Status HttpClient::Prepare() {
  if (multi_ != nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(curl_, CurlLibrary::Load());
  multi_ = curl_.multi_init();
  FLEET_CHECK(multi_ != nullptr);
  curl_.multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &HttpClient::OnSocket);
  curl_.multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_.multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &HttpClient::OnTimer);
  curl_.multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  return absl::OkStatus();
}

void HttpClient::Get(const std::string& url, absl::Duration timeout,
                     Done done) {
  absl::Status ready = Prepare();
  if (!ready.ok()) {
    return Fail(std::move(done), std::string(ToStd(ready.message())));
  }
  if (requests_.size() >= kMaxRequests) {
    return Fail(std::move(done), absl::StrCat("not asked: ", kMaxRequests,
                                              " requests are under way"));
  }
  auto request = std::make_unique<Request>();
  request->done = std::move(done);
  CURL* easy = Make(url, timeout, *request);
  requests_[easy] = std::move(request);
  FLEET_CHECK(curl_.multi_add_handle(multi_, easy) == CURLM_OK);
}

CURL* HttpClient::Make(const std::string& url, absl::Duration timeout,
                       Request& request) {
  CURL* easy = curl_.easy_init();
  FLEET_CHECK(easy != nullptr);
  auto set = [&](CURLoption option, auto value) {
    FLEET_CHECK(curl_.easy_setopt(easy, option, value) == CURLE_OK);
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_TIMEOUT_MS,
      static_cast<long>(absl::ToInt64Milliseconds(timeout)));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_USERAGENT, "fleet-controller");
  set(CURLOPT_ERRORBUFFER, request.error);
  set(CURLOPT_WRITEFUNCTION, &HttpClient::OnBody);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&request));
  if (!authority_.empty()) {
    set(CURLOPT_CAINFO, authority_.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  return easy;
}

void HttpClient::Fail(Done done, const std::string& why) {
  loop_.Post([alive = std::weak_ptr<int>(alive_), done = std::move(done), why] {
    if (!alive.expired()) done({why, 0, ""});
  });
}

size_t HttpClient::OnBody(char* bytes, size_t size, size_t count, void* data) {
  auto* request = static_cast<Request*>(data);
  std::string& body = request->answer.body;
  if (body.size() + size * count > kMaxBody) {
    request->answer.error =
        absl::StrCat("the answer is longer than ", kMaxBody, " bytes");
    return 0;
  }
  body.append(bytes, size * count);
  return size * count;
}

int HttpClient::OnSocket(CURL* /*easy*/, curl_socket_t fd, int what, void* data,
                         void* /*socket*/) {
  auto* self = static_cast<HttpClient*>(data);
  const bool known = self->watched_.contains(fd);
  if (what == CURL_POLL_REMOVE) {
    if (known) self->loop_.RemoveFd(fd);
    self->watched_.erase(fd);
    return 0;
  }
  uint32_t events = 0;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= EPOLLOUT;
  if (known) {
    self->loop_.ModifyFd(fd, events);
    return 0;
  }
  self->watched_.insert(fd);
  self->loop_.AddFd(fd, events, [self, fd](uint32_t happened) {
    int flags = 0;
    if ((happened & EPOLLIN) != 0) flags |= CURL_CSELECT_IN;
    if ((happened & EPOLLOUT) != 0) flags |= CURL_CSELECT_OUT;
    if ((happened & (EPOLLERR | EPOLLHUP)) != 0) flags |= CURL_CSELECT_ERR;
    self->Act(fd, flags);
  });
  return 0;
}

int HttpClient::OnTimer(CURLM* /*multi*/, long millis, void* data) {
  auto* self = static_cast<HttpClient*>(data);
  self->loop_.CancelTimer(std::exchange(self->timer_, 0));
  if (millis < 0) return 0;
  self->timer_ = self->loop_.AddTimerAfter(absl::Milliseconds(millis), [self] {
    self->timer_ = 0;
    self->Act(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

void HttpClient::Act(int fd, int events) {
  int running = 0;
  curl_.multi_socket_action(multi_, fd, events, &running);
  TakeFinished();
}

std::string HttpClient::ErrorOf(CURL* easy, CURLcode code,
                                const Request& request) const {
  std::string error =
      request.error[0] != '\0' ? request.error : curl_.easy_strerror(code);
  if (code != CURLE_PEER_FAILED_VERIFICATION) return error;
  long found = 0;
  curl_.easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &found);
  const std::string problem = curl_.OverGnutls() ? GnutlsProblem(found) : "";
  if (!problem.empty()) error = problem;
  if (problem.empty() && !absl::StartsWith(error, "SSL certificate problem")) {
    return error;  // Another host's certificate.
  }
  absl::StrAppend(&error, "; trusted are the authorities of ");
  return authority_.empty() ? error + "the system"
                            : absl::StrCat(error, authority_, " (--gate-ca)");
}

void HttpClient::TakeFinished() {
  std::vector<std::unique_ptr<Request>> finished;
  int left = 0;
  while (CURLMsg* message = curl_.multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;
    auto node = requests_.extract(easy);
    FLEET_CHECK(!node.empty());
    Request& request = *node.mapped();
    long status = 0;
    curl_.easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    request.answer.status = static_cast<int>(status);
    if (code != CURLE_OK && request.answer.error.empty()) {
      request.answer.error = ErrorOf(easy, code, request);
    }
    curl_.multi_remove_handle(multi_, easy);
    curl_.easy_cleanup(easy);
    finished.push_back(std::move(node.mapped()));
  }
  for (const auto& request : finished) request->done(request->answer);
}

}  // namespace fleet::controller
