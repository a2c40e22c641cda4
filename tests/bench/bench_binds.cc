// How long bind() and other system calls take: bench_binds FILE PORT writes
// the nanoseconds of a bind() to PORT, of a bind() to any port, and of another
// system call to FILE, a line each, and then waits.
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr int kBinds = 5000;
constexpr int kCalls = 2000000;

// Of the best of some batches, so that a moment's disturbance does not count.
template <typename Call>
double Nanoseconds(int count, Call call) {
  constexpr int kBatches = 5;
  double best = 1e18;
  for (int batch = 0; batch < kBatches; ++batch) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < count / kBatches; ++i) call();
    std::chrono::duration<double, std::nano> spent =
        std::chrono::steady_clock::now() - start;
    double each = spent.count() / (count / kBatches);
    if (each < best) best = each;
  }
  return best;
}

double BindNanoseconds(uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  auto with = [&](bool binds) {
    return Nanoseconds(kBinds, [&] {
      int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      int on = 1;
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      if (binds &&
          bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0) {
        std::perror("bench_binds: bind");
        std::exit(1);
      }
      close(fd);
    });
  };
  return with(true) - with(false);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  double declared = BindNanoseconds(static_cast<uint16_t>(std::atoi(argv[2])));
  double other = BindNanoseconds(0);
  double call = Nanoseconds(kCalls, [] { syscall(SYS_getppid); });
  char text[128];
  int size = std::snprintf(text, sizeof text, "%.1f\n%.1f\n%.1f\n", declared,
                           other, call);
  std::FILE* file = std::fopen(argv[1], "w");
  if (file == nullptr) return 1;
  std::fwrite(text, 1, static_cast<size_t>(size), file);
  std::fclose(file);
  pause();
}
