#include "controller/log_tails.h"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr size_t kMaxTails = 200;
constexpr int kDefaultLines = 15;
constexpr int kMaxLines = 10'000;
constexpr int kAllLines = -1;
constexpr int64_t kTailBytes = 16 << 20;
constexpr int64_t kLeastWindow = 16 << 10;
constexpr int64_t kMostWindow = 1 << 20;
constexpr int64_t kAllTailsBytes = 256 << 20;
// Without a chunk from any host.
constexpr absl::Duration kWait = absl::Seconds(2);

// "web" of "web.2"; nullopt: it does not name an instance.
std::optional<std::string> AppOfInstance(const std::string& name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos || dot + 1 == name.size()) return std::nullopt;
  const bool number = std::all_of(
      name.begin() + static_cast<std::ptrdiff_t>(dot) + 1, name.end(),
      [](unsigned char c) { return absl::ascii_isdigit(c); });
  if (!number) return std::nullopt;
  return name.substr(0, dot);
}

v1::TailCommand CommandFor(const v1::TailLogsRequest& request) {
  v1::TailCommand command;
  *command.mutable_apps() = request.apps();
  if (command.apps().empty()) command.add_apps("all");
  const int unset = request.filter().has_since() ? kAllLines : kDefaultLines;
  command.set_lines(request.has_lines() ? request.lines() : unset);
  command.set_follow(request.follow());
  command.set_stream(request.stream());
  *command.mutable_filter() = request.filter();
  return command;
}

// As the hosts would, each by itself.
absl::Status CheckPattern(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  const re2::RE2 compiled(pattern, options);
  if (compiled.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("grep: \"", pattern, "\" is no pattern: ", compiled.error(),
                   "; patterns are RE2's (github.com/google/re2/wiki/Syntax)"));
}

absl::Status CheckLines(int lines) {
  if (lines >= 0 && lines <= kMaxLines) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("lines: ", lines, " is not 0 to ", kMaxLines));
}

}  // namespace

std::set<std::string> LogTails::AppsNamed(const std::string& pattern) const {
  std::set<std::string> uids;
  for (const auto& [name, uid] : registry_.names()) {
    if (pattern == "all" || GlobMatches(pattern, name)) uids.insert(uid);
  }
  if (!uids.empty()) return uids;
  if (std::optional<std::string> app = AppOfInstance(pattern)) {
    return AppsNamed(*app);
  }
  return uids;
}

absl::StatusOr<v1::TailLogsRequest> LogTails::Narrow(
    v1::TailLogsRequest request, const CallerView& view) const {
  std::vector<std::string> patterns(request.apps().begin(),
                                    request.apps().end());
  if (patterns.empty()) patterns.emplace_back("all");
  request.clear_apps();
  const auto add = [&](const std::string& pattern,
                       const std::string& instance) {
    bool any = false;
    for (const auto& [name, uid] : registry_.names()) {
      if (pattern != "all" && !GlobMatches(pattern, name)) continue;
      any = true;
      // Such a name may be another app's.
      const bool another =
          !instance.empty() && registry_.names().contains(name + instance);
      if (view.SeesApp(name) && !another) request.add_apps(name + instance);
    }
    return any;
  };
  for (const std::string& pattern : patterns) {
    if (add(pattern, "")) continue;
    if (std::optional<std::string> app = AppOfInstance(pattern)) {
      add(*app, pattern.substr(app->size()));
    }
  }
  if (request.apps_size() > 0) return request;
  return ErrorWithReason(
      absl::StatusCode::kNotFound,
      absl::StrCat("no app of those that you may see is named ",
                   absl::StrJoin(patterns, ", ")),
      {"APP_NOT_FOUND", {}});
}

absl::StatusOr<std::set<std::string>> LogTails::PickHosts(
    const v1::TailLogsRequest& request, const CallerView& view) const {
  ASSIGN_OR_RETURN(HostSelector selector, ParseHostSelector(request.hosts()));
  std::vector<std::string> patterns(request.apps().begin(),
                                    request.apps().end());
  if (patterns.empty()) patterns.emplace_back("all");
  std::set<std::string> hosts;
  for (const std::string& pattern : patterns) {
    std::set<std::string> uids = AppsNamed(pattern);
    if (uids.empty() && pattern != "all") {
      return registry_.Require(pattern).status();
    }
    for (const std::string& uid : uids) {
      for (const auto& [host, target] : registry_.FindByUid(uid)->targets) {
        const KnownHost* known = hosts_.Find(host);
        if (known != nullptr && view.SeesHost(host) &&
            selector.Matches(host, known->record.labels)) {
          hosts.insert(host);
        }
      }
    }
  }
  if (!hosts.empty() || selector.MatchesAll()) return hosts;
  return ErrorWithReason(
      absl::StatusCode::kNotFound,
      absl::StrCat("no host of ", absl::StrJoin(patterns, ", "), " matches \"",
                   selector.text(), "\"; fleetctl hosts lists them"),
      {"NO_HOST_MATCHES", {{"hosts", selector.text()}}});
}

absl::Status LogTails::Reserve(Entry& entry) {
  const auto hosts = static_cast<int64_t>(entry.hosts.size());
  entry.window = std::clamp(kTailBytes / std::max<int64_t>(hosts, 1),
                            kLeastWindow, kMostWindow);
  if (tails_.size() >= kMaxTails ||
      reserved_ + hosts * entry.window > kAllTailsBytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        tails_.size(), " clients read logs already; end one of them first"));
  }
  reserved_ += hosts * entry.window;
  return absl::OkStatus();
}

absl::StatusOr<int64_t> LogTails::Open(const v1::TailLogsRequest& wanted,
                                       LogReader& reader,
                                       const CallerView& view) {
  RETURN_IF_ERROR(CheckLines(wanted.lines()));
  RETURN_IF_ERROR(CheckPattern(wanted.filter().grep()));
  v1::TailLogsRequest request = wanted;
  if (!view.unlimited()) {
    ASSIGN_OR_RETURN(request, Narrow(wanted, view));
  }
  Entry made;
  ASSIGN_OR_RETURN(made.hosts, PickHosts(request, view));
  RETURN_IF_ERROR(Reserve(made));
  made.reader = &reader;
  made.tail = std::make_unique<LogTail>(made.hosts, request.follow());
  made.command = CommandFor(request);
  made.command.set_window_bytes(made.window);
  made.opened = loop_.clock().WallNow();
  const int64_t id = next_id_++;
  Entry& entry = tails_[id] = std::move(made);
  for (const std::string& host : entry.hosts) {
    if (!Ask(id, entry, host)) {
      entry.tail->OnHostLost(host, "not connected");
    }
  }
  if (entry.tail->collecting()) RestartWait(id, entry);
  return id;
}

bool LogTails::Ask(int64_t id, Entry& entry, const std::string& host) {
  v1::Command command;
  command.set_id(absl::StrCat("tail-", next_command_++));
  *command.mutable_tail() = entry.command;
  // First, since its answer may find it closed again.
  by_command_[command.id()] = id;
  entry.commands[host] = command.id();
  if (sessions_.SendCommand(host, command)) return true;
  by_command_.erase(command.id());
  entry.commands.erase(host);
  return false;
}

void LogTails::Close(int64_t id) {
  auto found = tails_.find(id);
  if (found == tails_.end()) return;
  Entry entry = std::move(found->second);
  tails_.erase(found);
  reserved_ -= static_cast<int64_t>(entry.hosts.size()) * entry.window;
  loop_.CancelTimer(entry.wait_timer);
  loop_.CancelTimer(entry.order_timer);
  for (const auto& [host, command_id] : entry.commands) {
    by_command_.erase(command_id);
    v1::Command command;
    command.set_id(absl::StrCat("cancel-", next_command_++));
    command.mutable_cancel()->set_id(command_id);
    sessions_.SendCommand(host, std::move(command));
  }
}

std::optional<v1::TailLogsResponse> LogTails::Next(int64_t id) {
  Entry& entry = tails_.at(id);
  auto next = entry.tail->Next(loop_.clock().Now());
  SendMore(entry);
  if (!next) LookAgainLater(id, entry);
  return next;
}

void LogTails::SendMore(Entry& entry) {
  for (const auto& [host, command_id] : entry.commands) {
    const int64_t bytes = entry.tail->TakeRead(host, entry.window / 2);
    if (bytes == 0) continue;
    v1::Command command;
    command.set_id(absl::StrCat("more-", next_command_++));
    command.mutable_more()->set_id(command_id);
    command.mutable_more()->set_bytes(bytes);
    sessions_.SendCommand(host, std::move(command));
  }
}

void LogTails::LookAgainLater(int64_t id, Entry& entry) {
  loop_.CancelTimer(entry.order_timer);
  entry.order_timer = 0;
  const absl::Time when = entry.tail->next_time();
  if (when == absl::InfiniteFuture()) return;
  entry.order_timer = loop_.AddTimer(when, [this, id] {
    auto found = tails_.find(id);
    if (found != tails_.end()) found->second.reader->OnLogsReady();
  });
}

bool LogTails::Done(int64_t id) const { return tails_.at(id).tail->Done(); }

void LogTails::OnLogChunk(const std::string& host, const v1::LogChunk& chunk) {
  auto command = by_command_.find(chunk.command_id());
  if (command == by_command_.end()) return;  // Closed meanwhile.
  const int64_t id = command->second;
  Entry& entry = tails_.at(id);
  auto asked = entry.commands.find(host);
  if (asked == entry.commands.end() || asked->second != chunk.command_id()) {
    return;  // Of another host.
  }
  entry.tail->OnChunk(host, chunk, loop_.clock().Now());
  if (entry.tail->collecting()) RestartWait(id, entry);
  entry.reader->OnLogsReady();
}

void LogTails::OnCommandResult(const std::string& host,
                               const v1::CommandResult& result) {
  auto command = by_command_.find(result.id());
  if (command == by_command_.end()) return;
  Entry& entry = tails_.at(command->second);
  auto asked = entry.commands.find(host);
  if (asked == entry.commands.end() || asked->second != result.id()) return;
  if (result.code() != 0) {
    Lose(entry, host, result.message());
  } else {
    v1::LogChunk end;
    end.set_caught_up(true);
    entry.tail->OnChunk(host, end, loop_.clock().Now());
    by_command_.erase(result.id());
    entry.commands.erase(asked);
  }
  entry.reader->OnLogsReady();
}

void LogTails::OnHostDisconnected(const std::string& host,
                                  const std::string& why) {
  for (auto& [id, entry] : tails_) {
    if (!entry.commands.contains(host)) continue;
    Lose(entry, host, why);
    entry.reader->OnLogsReady();
  }
}

void LogTails::Lose(Entry& entry, const std::string& host,
                    const std::string& reason) {
  auto asked = entry.commands.find(host);
  by_command_.erase(asked->second);
  entry.commands.erase(asked);
  entry.tail->OnHostLost(host, reason);
}

void LogTails::OnHostConnected(const std::string& host) {
  for (auto& [id, entry] : tails_) {
    if (!entry.command.follow() || !entry.hosts.contains(host)) continue;
    if (entry.commands.contains(host)) Lose(entry, host, "connected anew");
    AskAgain(id, entry, host);
  }
}

// For what was written since its newest line; of the lines of that time, the
// tail knows which it has had.
void LogTails::AskAgain(int64_t id, Entry& entry, const std::string& host) {
  const absl::Time newest = entry.tail->Newest(host);
  entry.tail->OnHostBack(host);
  const v1::TailCommand asked = entry.command;
  entry.command.set_lines(kAllLines);
  *entry.command.mutable_filter()->mutable_since() =
      ToProtoTimestamp(newest == absl::InfinitePast() ? entry.opened : newest);
  Ask(id, entry, host);
  entry.command = asked;
}

void LogTails::RestartWait(int64_t id, Entry& entry) {
  loop_.CancelTimer(entry.wait_timer);
  entry.wait_timer = loop_.AddTimerAfter(kWait, [this, id] { OnWaitOver(id); });
}

void LogTails::OnWaitOver(int64_t id) {
  auto found = tails_.find(id);
  if (found == tails_.end()) return;
  Entry& entry = found->second;
  entry.tail->OnWaitOver();
  entry.reader->OnLogsReady();
  if (entry.tail->collecting()) RestartWait(id, entry);
}

}  // namespace fleet::controller
