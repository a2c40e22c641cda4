#include "node_agent/keeper/stderr_line.h"

#include <poll.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>

namespace fleet::keeper {

void StderrLine(const char* format, ...) {
  char line[1024];
  int prefix = snprintf(line, sizeof line, "fleet-keeper: ");
  va_list arguments;
  va_start(arguments, format);
  int n = vsnprintf(line + prefix, sizeof line - prefix - 1, format, arguments);
  va_end(arguments);
  if (n < 0) return;
  int size = prefix + n;
  if (size > static_cast<int>(sizeof line) - 2) size = sizeof line - 2;
  line[size++] = '\n';
  pollfd writable{STDERR_FILENO, POLLOUT, 0};
  if (poll(&writable, 1, 0) != 1) return;
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, line, size);
}

}  // namespace fleet::keeper
