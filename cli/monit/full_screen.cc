#include "cli/monit/full_screen.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <utility>

#include "cli/monit/frame_diff.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

// xterm's alternate screen, no cursor, no wrapping at the right edge.
constexpr std::string_view kEnter =
    "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[0m\x1b[2J";
constexpr std::string_view kLeave = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

constexpr std::array<int, 2> kEndSignals = {SIGTERM, SIGHUP};
constexpr std::array<int, 6> kCrashSignals = {SIGSEGV, SIGABRT, SIGBUS,
                                              SIGFPE,  SIGILL,  SIGQUIT};

// What a signal handler can reach. The terminal's settings are written before
// `g_taken` is set.
std::atomic<int> g_signal_pipe{-1};
std::atomic<bool> g_taken{false};
int g_in_fd = -1;
int g_out_fd = -1;
termios g_settings;

void Restore() {
  if (!g_taken.exchange(false)) return;
  // Nothing can be done about a terminal that is gone.
  [[maybe_unused]] const ssize_t written =
      write(g_out_fd, kLeave.data(), kLeave.size());
  tcsetattr(g_in_fd, TCSADRAIN, &g_settings);
}

void HandleCrash(int signal) {
  Restore();
  // The handler was reset (SA_RESETHAND): ends as it would have ended.
  raise(signal);
}

void HandleSignal(int signal) {
  const int saved = errno;
  const char byte = signal == SIGWINCH ? 'w' : 'e';
  const int fd = g_signal_pipe.load();
  // A full pipe has been seen already.
  [[maybe_unused]] const ssize_t written = write(fd, &byte, 1);
  errno = saved;
}

void SetHandler(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(signal, &action, nullptr);
}

}  // namespace

absl::StatusOr<std::unique_ptr<FullScreen>> FullScreen::Open(
    EventLoop& loop, int in_fd, int out_fd, bool colours, Events events) {
  if (isatty(in_fd) != 1 || isatty(out_fd) != 1 ||
      tcgetattr(in_fd, &g_settings) != 0) {
    return absl::FailedPreconditionError(
        "it needs a terminal for input and output; for scripts there are "
        "fleetctl ls -o json and fleetctl jlist");
  }
  return std::unique_ptr<FullScreen>(
      new FullScreen(loop, in_fd, out_fd, colours, std::move(events)));
}

FullScreen::FullScreen(EventLoop& loop, int in_fd, int out_fd, bool colours,
                       Events events)
    : loop_(loop),
      in_fd_(in_fd),
      out_fd_(out_fd),
      colours_(colours),
      events_(std::move(events)) {
  g_in_fd = in_fd;
  g_out_fd = out_fd;
  std::array<int, 2> ends = {-1, -1};
  FLEET_CHECK(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  signal_fd_ = ends[0];
  FLEET_CHECK(g_signal_pipe.exchange(ends[1]) == -1);
  // Opened anew: the flags of the descriptor we were given are shared with the
  // shell that waits for us.
  own_fd_ = open("/dev/tty", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  loop_.AddFd(signal_fd_, EPOLLIN, [this](uint32_t) { OnSignals(); });
  loop_.AddFd(in_fd_, EPOLLIN, [this](uint32_t) { OnInput(); });
  Enter();
}

FullScreen::~FullScreen() {
  Leave();
  loop_.RemoveFd(in_fd_);
  loop_.RemoveFd(signal_fd_);
  if (watching_output_) loop_.RemoveFd(own_fd_);
  close(signal_fd_);
  close(g_signal_pipe.exchange(-1));
  if (own_fd_ >= 0) close(own_fd_);
}

void FullScreen::Enter() {
  for (const int signal : kEndSignals) SetHandler(signal, HandleSignal, 0);
  SetHandler(SIGWINCH, HandleSignal, SA_RESTART);
  for (const int signal : kCrashSignals) {
    SetHandler(signal, HandleCrash, static_cast<int>(SA_RESETHAND));
  }
  termios raw = g_settings;
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL | INLCR | ISTRIP);
  raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG | IEXTEN);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  g_taken.store(true);
  tcsetattr(in_fd_, TCSADRAIN, &raw);
  waiting_ = kEnter;
  Forget();
  Flush();
}

void FullScreen::Leave() {
  Restore();
  for (const int signal : kEndSignals) SetHandler(signal, SIG_DFL, 0);
  SetHandler(SIGWINCH, SIG_DFL, 0);
  for (const int signal : kCrashSignals) SetHandler(signal, SIG_DFL, 0);
}

void FullScreen::Suspend() {
  Leave();
  kill(0, SIGTSTP);
  // Here the process stands until it is continued.
  Enter();
  events_.on_resize();
}

void FullScreen::Forget() { shown_ = CellBuffer(1, 1); }

void FullScreen::OnSignals() {
  std::array<char, 64> bytes = {};
  const ssize_t count = read(signal_fd_, bytes.data(), bytes.size());
  const std::string_view seen(bytes.data(),
                              count > 0 ? static_cast<size_t>(count) : 0);
  if (seen.find('e') != seen.npos) {
    events_.on_end();
  } else if (!seen.empty()) {
    events_.on_resize();
  }
}

void FullScreen::OnInput() {
  std::array<char, 256> bytes = {};
  const ssize_t count = read(in_fd_, bytes.data(), bytes.size());
  if (count > 0) {
    events_.on_input({bytes.data(), static_cast<size_t>(count)});
  } else if (count == 0 || errno == EIO) {
    events_.on_end();
  }
}

bool FullScreen::Draw(const CellBuffer& wanted) {
  if (!waiting_.empty()) return false;
  waiting_ = FrameDiff(shown_, wanted, colours_);
  shown_ = wanted;
  Flush();
  return true;
}

void FullScreen::Flush() {
  const int fd = own_fd_ >= 0 ? own_fd_ : out_fd_;
  while (!waiting_.empty()) {
    const ssize_t count = write(fd, waiting_.data(), waiting_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    waiting_.erase(0, static_cast<size_t>(count));
  }
  const bool must_wait = !waiting_.empty() && errno == EAGAIN;
  if (!must_wait) waiting_.clear();
  if (must_wait && !watching_output_) {
    loop_.AddFd(own_fd_, EPOLLOUT, [this](uint32_t) {
      Flush();
      if (waiting_.empty()) events_.on_drawn();
    });
  } else if (!must_wait && watching_output_) {
    loop_.RemoveFd(own_fd_);
  }
  watching_output_ = must_wait;
}

}  // namespace fleet::cli
