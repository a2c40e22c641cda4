#include "controller/log_tails.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr size_t kMaxTails = 200;
constexpr int kDefaultLines = 15;
constexpr int kMaxLines = 10'000;
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

absl::StatusOr<std::set<std::string>> LogTails::PickHosts(
    const v1::TailLogsRequest& request) const {
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
        if (known != nullptr && selector.Matches(host, known->record.labels)) {
          hosts.insert(host);
        }
      }
    }
  }
  if (!hosts.empty() || selector.MatchesAll()) return hosts;
  return ErrorWithReason(
      absl::StatusCode::kNotFound,
      absl::StrCat("no host of ", absl::StrJoin(patterns, ", "), " matches \"",
                   selector.text(), "\""),
      {"NO_HOST_MATCHES", {{"hosts", selector.text()}}});
}

absl::StatusOr<int64_t> LogTails::Open(const v1::TailLogsRequest& request,
                                       LogReader& reader) {
  RETURN_IF_ERROR(CheckLines(request.lines()));
  ASSIGN_OR_RETURN(std::set<std::string> hosts, PickHosts(request));
  if (tails_.size() >= kMaxTails) {
    return absl::ResourceExhaustedError(absl::StrCat(
        kMaxTails, " clients read logs already; end one of them first"));
  }
  const int64_t id = next_id_++;
  Entry& entry = tails_[id];
  entry.reader = &reader;
  entry.hosts = hosts;
  entry.tail = std::make_unique<LogTail>(std::move(hosts), request.follow());
  *entry.command.mutable_apps() = request.apps();
  if (entry.command.apps().empty()) entry.command.add_apps("all");
  entry.command.set_lines(request.lines() == 0 ? kDefaultLines
                                               : request.lines());
  entry.command.set_follow(request.follow());
  entry.command.set_stream(request.stream());
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
  loop_.CancelTimer(entry.timer);
  for (const auto& [host, command_id] : entry.commands) {
    by_command_.erase(command_id);
    v1::Command command;
    command.set_id(absl::StrCat("cancel-", next_command_++));
    command.mutable_cancel()->set_id(command_id);
    sessions_.SendCommand(host, std::move(command));
  }
}

std::optional<v1::TailLogsResponse> LogTails::Next(int64_t id) {
  return tails_.at(id).tail->Next();
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
  entry.tail->OnChunk(host, chunk);
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
    entry.tail->OnChunk(host, end);
    by_command_.erase(result.id());
    entry.commands.erase(asked);
  }
  entry.reader->OnLogsReady();
}

void LogTails::OnHostDisconnected(const std::string& host) {
  for (auto& [id, entry] : tails_) {
    if (!entry.commands.contains(host)) continue;
    Lose(entry, host, "connection lost");
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

// Lines written meanwhile are in the host's files; here only new ones follow.
void LogTails::OnHostConnected(const std::string& host) {
  for (auto& [id, entry] : tails_) {
    if (!entry.command.follow() || !entry.hosts.contains(host)) continue;
    if (entry.commands.contains(host)) Lose(entry, host, "connected anew");
    entry.command.set_lines(0);
    Ask(id, entry, host);
  }
}

void LogTails::RestartWait(int64_t id, Entry& entry) {
  loop_.CancelTimer(entry.timer);
  entry.timer = loop_.AddTimerAfter(kWait, [this, id] { OnWaitOver(id); });
}

void LogTails::OnWaitOver(int64_t id) {
  auto found = tails_.find(id);
  if (found == tails_.end()) return;
  found->second.tail->OnWaitOver();
  found->second.reader->OnLogsReady();
}

}  // namespace fleet::controller
