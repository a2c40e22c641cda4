#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "cli/commands/app_names.h"
#include "cli/commands/commands.h"
#include "cli/interrupt_watch.h"
#include "cli/render/log_printer.h"
#include "cli/render/message_text.h"

namespace fleet::cli {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(200);
constexpr absl::Duration kLongestPause = absl::Seconds(2);
constexpr absl::Duration kPatience = absl::Minutes(2);
// Asked for after a lost connection; what was seen is left out.
constexpr int kLinesToCatchUp = 1000;

// Prints a stream of lines; with -f it comes back after a lost connection.
class LogFollower {
 public:
  LogFollower(const CommandContext& context, v1::TailLogsRequest request)
      : context_(context),
        request_(std::move(request)),
        printer_(context.out_style) {}

  ExitCode Run() {
    const InterruptWatch interrupts(context_.loop,
                                    [this] { Finish(ExitCode::kInterrupted); });
    Open();
    while (!finished_) context_.loop.RunOnce(absl::InfiniteDuration());
    call_.reset();
    context_.loop.CancelTimer(reopen_);
    return code_;
  }

 private:
  void Open() {
    StreamHandlers<v1::TailLogsResponse> handlers;
    handlers.on_message = [this](const auto& message) { OnMessage(message); };
    handlers.on_end = [this](const absl::Status& status) { OnEnd(status); };
    call_.reset();
    call_ =
        context_.client.Stream(request_, context_.loop, std::move(handlers));
  }

  void OnMessage(const v1::TailLogsResponse& message) {
    lost_since_ = absl::InfiniteFuture();
    pause_ = kFirstPause;
    for (const v1::LogLine& line : message.lines()) Print(line);
    context_.out << std::flush;
    if (message.dropped() > 0) {
      Note(context_, absl::StrCat(message.dropped(),
                                  " lines were left out, this reads too "
                                  "slowly"));
    }
    for (const std::string& host : message.unreachable_hosts()) {
      if (unreachable_.insert(host).second) {
        Note(context_, absl::StrCat("no logs from ", host));
      }
    }
    if (!context_.out) Finish(ExitCode::kError);  // Nobody reads any more.
  }

  void Print(const v1::LogLine& line) {
    if (context_.line.output == OutputFormat::kJson) {
      if (printer_.IsNew(line)) context_.out << ToJsonLine(line);
    } else {
      context_.out << printer_.Line(line);
    }
  }

  void OnEnd(const absl::Status& status) {
    const bool may_come_back =
        context_.line.follow && (status.ok() || absl::IsUnavailable(status));
    if (!may_come_back) {
      return Finish(status.ok() ? ExitCode::kSuccess : Fail(context_, status));
    }
    const absl::Time now = context_.loop.clock().Now();
    if (lost_since_ == absl::InfiniteFuture()) {
      lost_since_ = now;
      Note(context_, "lost the controller, trying again");
    }
    if (now - lost_since_ > kPatience) return Finish(Fail(context_, status));
    printer_.SkipWhatWasSeen();
    request_.set_lines(std::max(request_.lines(), kLinesToCatchUp));
    reopen_ = context_.loop.AddTimerAfter(pause_, [this] { Open(); });
    pause_ = std::min(pause_ * 2, kLongestPause);
  }

  void Finish(ExitCode code) {
    if (finished_) return;
    finished_ = true;
    code_ = code;
  }

  const CommandContext& context_;
  v1::TailLogsRequest request_;
  LogPrinter printer_;
  std::unique_ptr<StreamCall> call_;
  std::set<std::string> unreachable_;
  absl::Time lost_since_ = absl::InfiniteFuture();
  absl::Duration pause_ = kFirstPause;
  EventLoop::TimerId reopen_ = 0;
  bool finished_ = false;
  ExitCode code_ = ExitCode::kSuccess;
};

}  // namespace

ExitCode RunLogs(const CommandContext& context) {
  const CommandLine& line = context.line;
  if (line.only_err && line.only_out) {
    return FailUsage(context, "logs: --err and --out exclude each other");
  }
  v1::TailLogsRequest request;
  for (const std::string& name : line.names) request.add_apps(name);
  if (line.names.empty()) request.add_apps("all");
  request.set_hosts(line.hosts);
  request.set_lines(line.lines);
  request.set_follow(line.follow);
  if (line.only_err) request.set_stream(v1::LOG_STREAM_ERR);
  if (line.only_out) request.set_stream(v1::LOG_STREAM_OUT);
  return LogFollower(context, request).Run();
}

}  // namespace fleet::cli
