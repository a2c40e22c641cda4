// The HTTP client against a socket of the test's own.
#include "controller/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/rpc/clock.h"

namespace fleet::controller {
namespace {

using testing::HasSubstr;

// Answers each request by its path, on the test's own loop; "" never.
class TestServer {
 public:
  TestServer(EventLoop& loop, std::map<std::string, std::string> answers)
      : loop_(loop), answers_(std::move(answers)) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 100), 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    loop_.AddFd(fd_, EPOLLIN, [this](uint32_t) { Accept(); });
  }
  ~TestServer() {
    for (const auto& [fd, text] : received_) Close(fd);
    Close(fd_);
  }
  std::string Url(const std::string& path) const {
    return absl::StrCat("http://127.0.0.1:", port_, path);
  }

 private:
  void Close(int fd) {
    loop_.RemoveFd(fd);
    close(fd);
  }
  void Accept() {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    received_[fd] = "";
    loop_.AddFd(fd, EPOLLIN, [this, fd](uint32_t) { Answer(fd); });
  }
  void Answer(int fd) {
    char block[4096];
    const ssize_t n = read(fd, block, sizeof block);
    std::string& text = received_[fd];
    if (n > 0) text.append(block, static_cast<size_t>(n));
    if (n > 0 && text.find("\r\n\r\n") == text.npos) return;
    if (n > 0) {
      const std::string path = text.substr(4, text.find(' ', 4) - 4);
      const std::string& answer = answers_[path];
      if (answer.empty()) return;
      EXPECT_EQ(write(fd, answer.data(), answer.size()),
                static_cast<ssize_t>(answer.size()));
    }
    Close(fd);
    received_.erase(fd);
  }

  EventLoop& loop_;
  std::map<std::string, std::string> answers_;
  std::map<int, std::string> received_;
  int fd_ = -1;
  int port_ = 0;
};

class HttpClientTest : public testing::Test {
 protected:
  HttpClientTest() {
    for (const char* name : {"http_proxy", "all_proxy", "ALL_PROXY"}) {
      unsetenv(name);
    }
  }
  HttpAnswer Get(const std::string& url,
                 absl::Duration timeout = absl::Seconds(10)) {
    std::optional<HttpAnswer> answer;
    client_.Get(url, timeout, [&](const HttpAnswer& a) { answer = a; });
    EXPECT_FALSE(answer.has_value()) << "from inside Get";
    const absl::Time end = clock_.Now() + absl::Seconds(20);
    while (!answer.has_value() && clock_.Now() < end) {
      loop_.RunOnce(absl::Milliseconds(50));
    }
    return answer.value_or(HttpAnswer{"never", 0, ""});
  }

  SystemClock clock_;
  EventLoop loop_{clock_};
  HttpClient client_{loop_};
  TestServer server_{
      loop_,
      {{"/ok", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n0.12"},
       {"/moved",
        "HTTP/1.1 302 Found\r\nLocation: /ok\r\n"
        "Content-Length: 0\r\n\r\n"},
       {"/chunks",
        "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\nno\r\n1\r\n!\r\n0\r\n\r\n"},
       {"/long",
        absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", "cut")},
       {"/noise", "SSH-2.0-OpenSSH\r\n"}}};
};

TEST_F(HttpClientTest, GivesStatusAndBody) {
  HttpAnswer answer = Get(server_.Url("/ok"));
  EXPECT_EQ(answer.error, "");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "0.12");
  answer = Get(server_.Url("/chunks"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "no!");
}

TEST_F(HttpClientTest, DoesNotFollowRedirects) {
  EXPECT_EQ(Get(server_.Url("/moved")).status, 302);
}

TEST_F(HttpClientTest, ServerThatNeverAnswersIsGivenUp) {
  EXPECT_THAT(Get(server_.Url("/never"), absl::Milliseconds(100)).error,
              HasSubstr("timed out"));
}

TEST_F(HttpClientTest, SaysWhyThereIsNoAnswer) {
  EXPECT_THAT(Get(server_.Url("/long")).error, HasSubstr("remaining"));
  EXPECT_NE(Get(server_.Url("/noise")).error, "");
  EXPECT_THAT(Get("http://127.0.0.1:1/").error, HasSubstr("127.0.0.1"));
  EXPECT_THAT(Get("file:///etc/passwd").error, HasSubstr("rotocol"));
}

// What is said over TLS is tested with real servers (tests/e2e).
TEST(GnutlsProblem, SaysAllThatIsWrong) {
  EXPECT_EQ(GnutlsProblem(0), "");
  EXPECT_EQ(GnutlsProblem(1026), "the server's certificate has expired");
  EXPECT_EQ(GnutlsProblem(1090),
            "the server's certificate has expired and is signed by nobody who "
            "is trusted");
}

TEST_F(HttpClientTest, MoreThanItTakesIsRefusedAndThenTakesMore) {
  int answered = 0;
  std::string refused;
  for (size_t i = 0; i < HttpClient::kMaxRequests; ++i) {
    client_.Get(server_.Url("/ok"), absl::Seconds(10),
                [&](const HttpAnswer& a) { answered += a.error.empty(); });
  }
  client_.Get(server_.Url("/ok"), absl::Seconds(10),
              [&](const HttpAnswer& a) { refused = a.error; });
  const absl::Time end = clock_.Now() + absl::Seconds(20);
  while ((answered < 64 || refused.empty()) && clock_.Now() < end) {
    loop_.RunOnce(absl::Milliseconds(50));
  }
  EXPECT_EQ(answered, 64);
  EXPECT_EQ(refused, "not asked: 64 requests are under way");
  EXPECT_EQ(Get(server_.Url("/ok")).body, "0.12");
}

TEST_F(HttpClientTest, EndsWithRequestsUnderWay) {
  auto client = std::make_unique<HttpClient>(loop_);
  client->Get(server_.Url("/never"), absl::Seconds(10),
              [](const HttpAnswer&) { FAIL() << "told after its end"; });
  for (int i = 0; i < 20; ++i) loop_.RunOnce(absl::Milliseconds(1));
  client.reset();
  for (int i = 0; i < 20; ++i) loop_.RunOnce(absl::Milliseconds(1));
}

}  // namespace
}  // namespace fleet::controller
