// A server that is one static binary: no library of its own could be put in
// its way. It binds its port (first argument), knows nothing of Fleet, and ends
// at SIGTERM once it has answered what it has accepted. Only libc.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

volatile std::sig_atomic_t stopping;

void Serve(int connection) {
  static constexpr char kAnswer[] =
      "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nstatic";
  char request[4096];
  size_t size = 0;
  while (size < sizeof request - 1) {
    ssize_t n = read(connection, request + size, sizeof request - 1 - size);
    if (n <= 0) break;
    size += static_cast<size_t>(n);
    request[size] = '\0';
    if (std::strstr(request, "\r\n\r\n") == nullptr) continue;
    if (write(connection, kAnswer, sizeof kAnswer - 1) < 0) {
      std::perror("static_server: write");
    }
    break;
  }
  close(connection);
}

int Listen(int port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<uint16_t>(port));
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0 ||
      listen(listener, 128) != 0) {
    std::perror("static_server");
    return -1;
  }
  return listener;
}

}  // namespace

int main(int argc, char** argv) {
  int listener = Listen(argc > 1 ? std::atoi(argv[1]) : 3000);
  if (listener < 0) return 1;
  std::signal(SIGTERM, [](int) { stopping = 1; });
  while (stopping == 0) {
    pollfd wait{listener, POLLIN, 0};
    if (poll(&wait, 1, 50) <= 0) continue;
    int connection = accept(listener, nullptr, nullptr);
    if (connection >= 0) Serve(connection);
  }
  return 0;
}
