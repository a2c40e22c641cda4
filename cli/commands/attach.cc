#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "cli/background_calls.h"
#include "cli/commands/app_names.h"
#include "cli/commands/commands.h"
#include "cli/interrupt_watch.h"
#include "cli/render/log_printer.h"

namespace fleet::cli {
namespace {

constexpr size_t kLongestLine = 4095;
constexpr int kLines = 10;

// It tells when there is something to read; a file, /dev/null and what is
// closed do not.
bool HasEvents(int fd) {
  struct stat info = {};
  return fstat(fd, &info) == 0 &&
         (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode) || isatty(fd) != 0);
}

// Shows what the workers write, and gives them what is typed, a line at a
// time. Nothing more is read while a line is on its way.
class Attachment {
 public:
  Attachment(const CommandContext& context, ChosenApp app)
      : context_(context),
        app_(std::move(app)),
        printer_(context.out_style, {}),
        calls_(context.loop) {}

  ExitCode Run() {
    const InterruptWatch interrupts(context_.loop,
                                    [this] { End(ExitCode::kSuccess); });
    FollowLogs();
    WatchInput(true);
    while (!ended_) context_.loop.RunOnce(absl::InfiniteDuration());
    WatchInput(false);
    logs_.reset();
    return code_;
  }

 private:
  void End(ExitCode code) {
    ended_ = true;
    code_ = code;
  }

  void FollowLogs() {
    v1::TailLogsRequest request;
    request.add_apps(app_.Text());
    request.set_hosts(context_.line.hosts);
    request.set_lines(kLines);
    request.set_follow(true);
    StreamHandlers<v1::TailLogsResponse> handlers;
    handlers.on_message = [this](const v1::TailLogsResponse& message) {
      for (const v1::LogLine& line : message.lines()) {
        context_.out << printer_.Line(line);
      }
      context_.out << std::flush;
    };
    handlers.on_end = [this](const absl::Status& status) {
      End(status.ok() ? ExitCode::kSuccess : Fail(context_, status));
    };
    logs_ = context_.client.Stream(request, context_.loop, std::move(handlers));
  }

  void WatchInput(bool watch) {
    if (watch == watching_) return;
    watching_ = watch;
    // A file has no events; it is read when there is nothing left to send.
    if (is_file_) {
      if (watch) context_.loop.Post([this] { ReadInput(); });
      return;
    }
    if (watch) {
      context_.loop.AddFd(STDIN_FILENO, EPOLLIN,
                          [this](uint32_t) { ReadInput(); });
    } else {
      context_.loop.RemoveFd(STDIN_FILENO);
    }
  }

  void ReadInput() {
    if (!watching_) return;
    if (is_file_) watching_ = false;
    std::array<char, 1024> bytes = {};
    const ssize_t count = read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) return;
    if (count <= 0) {
      eof_ = true;
      WatchInput(false);
      return SendNext();
    }
    input_.append(bytes.data(), static_cast<size_t>(count));
    SendNext();
  }

  void SendNext() {
    if (sending_) return;
    const size_t end = input_.find('\n');
    if (end == input_.npos && input_.size() <= kLongestLine) {
      if (!eof_) return WatchInput(true);
      if (input_.empty()) return End(code_);
    }
    // The last line may have no end.
    const size_t length = std::min({end, kLongestLine, input_.size()});
    Send(input_.substr(0, length));
    input_.erase(0, end == length ? length + 1 : length);
  }

  void Send(const std::string& text) {
    sending_ = true;
    WatchInput(false);
    v1::SendToAppRequest request;
    request.set_name(app_.name);
    if (app_.slot) request.set_slot(*app_.slot);
    request.set_hosts(context_.line.hosts);
    request.set_text(text);
    calls_.Run([this, request] {
      const auto response = context_.client.Call(request);
      return [this, response] { OnSent(response); };
    });
  }

  void OnSent(const absl::StatusOr<v1::SendToAppResponse>& response) {
    sending_ = false;
    if (!response.ok()) return End(Fail(context_, response.status()));
    for (const v1::HostAnswer& answer : response->answers()) {
      if (answer.code() == 0) continue;
      Note(context_, absl::StrCat(app_.Text(), " on ", answer.host(), ": ",
                                  Printable(answer.message())));
      code_ = ExitCode::kError;
    }
    SendNext();
  }

  const CommandContext& context_;
  const ChosenApp app_;
  LogPrinter printer_;
  std::unique_ptr<StreamCall> logs_;
  std::string input_;  // What is typed and not sent; a line and a bit.
  const bool is_file_ = !HasEvents(STDIN_FILENO);
  bool watching_ = false;
  bool sending_ = false;
  bool eof_ = false;
  bool ended_ = false;
  ExitCode code_ = ExitCode::kSuccess;
  BackgroundCalls calls_;
};

}  // namespace

ExitCode RunAttach(const CommandContext& context) {
  const auto chosen = ResolveInstances(context, context.line.names);
  if (!chosen.ok()) return Fail(context, chosen.status());
  if (chosen->size() != 1) {
    return FailUsage(context, "attach takes one app or instance, e.g. web.0");
  }
  return Attachment(context, chosen->front()).Run();
}

}  // namespace fleet::cli
