// A worker for benches: notes the moment main() begins, then waits for its end.
//
//   bench_worker RECORD_FILE
//
// Appends 16 bytes to the file: its pid and CLOCK_MONOTONIC in nanoseconds.
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char** argv) {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  if (argc < 2) return 2;
  struct {
    int64_t pid;
    int64_t time;
  } record = {getpid(), t.tv_sec * 1000000000LL + t.tv_nsec};
  int fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0 || write(fd, &record, sizeof record) != sizeof record) return 1;
  close(fd);
  while (true) pause();
}
