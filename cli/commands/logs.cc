#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/commands/app_names.h"
#include "cli/commands/commands.h"
#include "cli/interrupt_watch.h"
#include "cli/log_time.h"
#include "cli/render/log_printer.h"
#include "proto/rpc/date_format.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(200);
constexpr absl::Duration kLongestPause = absl::Seconds(2);
constexpr absl::Duration kPatience = absl::Minutes(2);
// PM2's own.
constexpr const char* kTimestamp = "YYYY-MM-DDTHH:mm:ss";

// Prints a stream of lines; with -f it comes back after a lost connection.
class LogFollower {
 public:
  LogFollower(const CommandContext& context, v1::TailLogsRequest request,
              LogPrintOptions options)
      : context_(context),
        request_(std::move(request)),
        printer_(context.out_style, std::move(options)) {}

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
    for (const v1::LogLine& line : message.lines()) {
      context_.out << printer_.Line(line);
    }
    context_.out << std::flush;
    TellWhatIsMissing(message);
    for (const std::string& host : message.unreachable_hosts()) {
      if (said_.insert(host).second) {
        Note(context_, absl::StrCat("no logs from ", host));
      }
    }
    for (const std::string& note : message.notes()) {
      if (said_.insert(note).second) Note(context_, note);
    }
    if (!context_.out) Finish(ExitCode::kError);  // Nobody reads any more.
  }

  void TellWhatIsMissing(const v1::TailLogsResponse& message) {
    if (message.dropped() > 0) {
      Note(context_, absl::StrCat(message.dropped(),
                                  " lines were left out, this reads too "
                                  "slowly"));
    }
    if (message.skipped_bytes() > 0) {
      Note(context_, absl::StrCat(HumanSize(message.skipped_bytes()),
                                  " of logs were left out, they are written "
                                  "faster than this reads"));
    }
    if (message.late() > 0 && said_.insert("late").second) {
      Note(context_,
           "some lines came later than the others of their time; they stand "
           "where they came");
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
    GoOnWhereItWas();
    reopen_ = context_.loop.AddTimerAfter(pause_, [this] { Open(); });
    pause_ = std::min(pause_ * 2, kLongestPause);
  }

  // From the newest line on; of the lines of its time the printer knows which
  // it has had.
  void GoOnWhereItWas() {
    printer_.SkipWhatWasSeen();
    if (printer_.newest() == absl::InfinitePast()) return;
    request_.clear_lines();
    *request_.mutable_filter()->mutable_since() =
        ToProtoTimestamp(printer_.newest());
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
  std::set<std::string> said_;
  absl::Time lost_since_ = absl::InfiniteFuture();
  absl::Duration pause_ = kFirstPause;
  EventLoop::TimerId reopen_ = 0;
  bool finished_ = false;
  ExitCode code_ = ExitCode::kSuccess;
};

absl::Status FillFilter(const CommandContext& context, v1::LogFilter& filter) {
  const CommandLine& line = context.line;
  const absl::Time now = context.clock.WallNow();
  if (!line.since.empty()) {
    auto since = ParseLogTime(line.since, now, absl::LocalTimeZone());
    if (!since.ok()) return Annotate(since.status(), "--since");
    *filter.mutable_since() = ToProtoTimestamp(*since);
  }
  if (!line.until.empty()) {
    auto until = ParseLogTime(line.until, now, absl::LocalTimeZone());
    if (!until.ok()) return Annotate(until.status(), "--until");
    *filter.mutable_until() = ToProtoTimestamp(*until);
  }
  filter.set_grep(line.grep);
  filter.set_ignore_case(line.ignore_case);
  filter.set_invert(line.invert);
  return absl::OkStatus();
}

absl::StatusOr<LogPrintOptions> PrintOptions(const CommandLine& line) {
  LogPrintOptions options;
  options.raw = line.raw;
  options.json = line.log_json || line.output == OutputFormat::kJson;
  options.zone = absl::LocalTimeZone();
  options.highlight = line.highlight;
  if (!line.timestamp.has_value()) return options;
  auto format =
      DateFormat::Parse(line.timestamp->empty() ? kTimestamp : *line.timestamp);
  if (!format.ok()) return Annotate(format.status(), "--timestamp");
  options.timestamp = *std::move(format);
  return options;
}

absl::Status CheckLine(const CommandLine& line) {
  if (line.only_err && line.only_out) {
    return absl::InvalidArgumentError("--err and --out exclude each other");
  }
  if (line.grep.empty() && (line.invert || line.ignore_case)) {
    return absl::InvalidArgumentError(
        "-v and -i say how --grep searches; it is missing");
  }
  return absl::OkStatus();
}

}  // namespace

ExitCode RunLogs(const CommandContext& context) {
  const CommandLine& line = context.line;
  v1::TailLogsRequest request;
  absl::Status status = CheckLine(line);
  if (status.ok()) status = FillFilter(context, *request.mutable_filter());
  auto options = PrintOptions(line);
  if (status.ok()) status = options.status();
  if (!status.ok()) {
    return FailUsage(context, absl::StrCat("logs: ", status.message()));
  }
  if (request.filter().ByteSizeLong() == 0) request.clear_filter();
  for (const std::string& name : line.names) request.add_apps(name);
  if (line.names.empty()) request.add_apps("all");
  request.set_hosts(line.hosts);
  if (line.lines.has_value()) request.set_lines(*line.lines);
  request.set_follow(line.follow);
  if (line.only_err) request.set_stream(v1::LOG_STREAM_ERR);
  if (line.only_out) request.set_stream(v1::LOG_STREAM_OUT);
  return LogFollower(context, request, *std::move(options)).Run();
}

}  // namespace fleet::cli
