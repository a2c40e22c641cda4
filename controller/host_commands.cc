#include "controller/host_commands.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/proto_time.h"

namespace fleet::controller {

HostCommands::~HostCommands() {
  for (auto& [run, entry] : runs_) loop_.CancelTimer(entry.timer);
}

absl::Status HostCommands::Run(const std::vector<std::string>& hosts,
                               v1::Command command, absl::Duration limit,
                               Done done) {
  if (runs_.size() >= kMaxRuns) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the controller waits for the answers to ", kMaxRuns,
                     " commands; try again in a few seconds"));
  }
  const int64_t run = next_run_++;
  Entry& entry = runs_[run];
  entry.done = std::move(done);
  entry.timer = loop_.AddTimerAfter(limit, [this, run] { OnLimit(run); });
  *command.mutable_expire_time() =
      ToProtoTimestamp(loop_.clock().WallNow() + limit);
  for (const std::string& host : hosts) Send(run, entry, host, command);
  // Never from within this call.
  if (entry.waiting.empty()) {
    loop_.CancelTimer(entry.timer);
    entry.timer = loop_.AddTimerAfter(absl::ZeroDuration(),
                                      [this, run] { FinishIfDone(run); });
  }
  return absl::OkStatus();
}

void HostCommands::Send(int64_t run, Entry& entry, const std::string& host,
                        v1::Command command) {
  command.set_id(absl::StrCat("run-", run, "-", host));
  // First, since a session that is evicted by it is told at once.
  entry.waiting[host] = command.id();
  by_command_[command.id()] = run;
  if (sessions_.SendCommand(host, std::move(command))) return;
  if (entry.waiting.contains(host)) {
    Fail(entry, host, absl::StatusCode::kUnavailable,
         "the host is not connected");
  }
}

void HostCommands::Fail(Entry& entry, const std::string& host,
                        absl::StatusCode code, const std::string& why) {
  v1::CommandResult& result = entry.results[host];
  result.set_code(static_cast<int32_t>(code));
  result.set_message(why);
  auto waiting = entry.waiting.find(host);
  by_command_.erase(waiting->second);
  entry.waiting.erase(waiting);
}

void HostCommands::OnResult(const std::string& host,
                            const v1::CommandResult& result) {
  auto command = by_command_.find(result.id());
  if (command == by_command_.end()) return;  // Of a tail, or too late.
  const int64_t run = command->second;
  Entry& entry = runs_.at(run);
  auto waiting = entry.waiting.find(host);
  if (waiting == entry.waiting.end() || waiting->second != result.id()) {
    return;  // Of another host.
  }
  entry.results[host] = result;
  entry.waiting.erase(waiting);
  by_command_.erase(command);
  FinishIfDone(run);
}

void HostCommands::OnHostDisconnected(const std::string& host) {
  std::vector<int64_t> lost;
  for (auto& [run, entry] : runs_) {
    if (!entry.waiting.contains(host)) continue;
    Fail(entry, host, absl::StatusCode::kUnavailable,
         "the host was lost before it answered; whether it was done is not "
         "known");
    lost.push_back(run);
  }
  for (int64_t run : lost) FinishIfDone(run);
}

void HostCommands::OnLimit(int64_t run) {
  Entry& entry = runs_.at(run);
  entry.timer = 0;
  while (!entry.waiting.empty()) {
    const std::string host = entry.waiting.begin()->first;
    Fail(entry, host, absl::StatusCode::kDeadlineExceeded,
         "the host did not answer in time");
  }
  FinishIfDone(run);
}

void HostCommands::FinishIfDone(int64_t run) {
  auto found = runs_.find(run);
  if (found == runs_.end() || !found->second.waiting.empty()) return;
  Entry entry = std::move(found->second);
  runs_.erase(found);
  loop_.CancelTimer(entry.timer);
  entry.done(entry.results);
}

}  // namespace fleet::controller
