// A terminal as a whole: taken over, drawn on, and given back as it was.
#ifndef FLEET_CLI_MONIT_FULL_SCREEN_H_
#define FLEET_CLI_MONIT_FULL_SCREEN_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/monit/cell_buffer.h"
#include "cli/terminal.h"
#include "proto/rpc/event_loop.h"

namespace fleet::cli {

// While it lives the terminal shows the alternate screen, without cursor and
// echo. It is given back by the destructor, and also when SIGTERM, SIGHUP,
// SIGQUIT or a crash ends the process: the handlers only write and set what
// was prepared.
//
// A frame that the terminal has not taken yet is not followed by another: on a
// slow line frames are left out, never queued. One at a time in a process;
// loop thread only.
class FullScreen {
 public:
  struct Events {
    std::function<void(std::string_view bytes)> on_input;
    std::function<void()> on_resize;
    // SIGTERM, SIGHUP, or the terminal is gone.
    std::function<void()> on_end;
    // The last frame has been taken; a newer one may be drawn.
    std::function<void()> on_drawn;
  };

  // FAILED_PRECONDITION: `in_fd` and `out_fd` are not both a terminal. `loop`
  // must outlive it.
  static absl::StatusOr<std::unique_ptr<FullScreen>> Open(EventLoop& loop,
                                                          int in_fd, int out_fd,
                                                          bool colours,
                                                          Events events);
  ~FullScreen();
  FullScreen(const FullScreen&) = delete;
  FullScreen& operator=(const FullScreen&) = delete;

  TerminalSize size() const { return SizeOfTerminal(out_fd_); }
  // False: the one before is still on its way; on_drawn will come.
  bool Draw(const CellBuffer& wanted);
  // What is shown is not known any more.
  void Forget();
  // Gives the terminal back, stops the process as Ctrl-Z does, and takes it
  // again when the process goes on.
  void Suspend();

 private:
  struct Saved;

  FullScreen(EventLoop& loop, int in_fd, int out_fd, bool colours,
             Events events);
  void Enter();
  void Leave();
  void OnSignals();
  void OnInput();
  void Flush();

  EventLoop& loop_;
  const int in_fd_;
  const int out_fd_;
  // Of its own, so that O_NONBLOCK is not set on what others share.
  int own_fd_ = -1;
  const bool colours_;
  Events events_;
  int signal_fd_ = -1;
  CellBuffer shown_{1, 1};
  std::string waiting_;  // What the terminal has not taken.
  bool watching_output_ = false;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_MONIT_FULL_SCREEN_H_
