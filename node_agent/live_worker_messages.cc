// LiveWorker: what it is told on a user's order.
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node_agent/live_worker.h"
#include "node_agent/node_message.h"
#include "proto/rpc/status.h"

namespace fleet::agent {

// In one write that the kernel takes whole or not at all (pipe(7): at most
// PIPE_BUF bytes).
absl::Status LiveWorker::WriteInput(const std::string& text) {
  std::string name = absl::StrCat(identity_.app, ".", identity_.slot);
  std::string line = text + "\n";
  if (line.size() > PIPE_BUF) {
    return absl::InvalidArgumentError(
        absl::StrCat("a message of ", text.size(), " bytes is too long for ",
                     name, "'s standard input; at most ", PIPE_BUF - 1));
  }
  ssize_t written = -1;
  do {
    written = write(input_.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written >= 0) return absl::OkStatus();
  if (errno == EAGAIN) {
    return absl::ResourceExhaustedError(
        absl::StrCat(name, " does not read its standard input"));
  }
  return ErrnoStatus(errno, absl::StrCat("standard input of ", name));
}

std::string LiveWorker::Name() const {
  return absl::StrCat(identity_.app, ".", identity_.slot);
}

absl::Status LiveWorker::SendMessage(const std::string& text) {
  std::string name = Name();
  if (input_.valid()) return WriteInput(text);
  if (!has_channel()) {
    return absl::FailedPreconditionError(
        absl::StrCat(name,
                     " takes no messages: it is not a Node program with an IPC "
                     "channel, and its spec has no `stdin: true`"));
  }
  ASSIGN_OR_RETURN(std::string line, NodeAppMessage(text));
  return SendLine(line);
}

void LiveWorker::CallAction(const ActionRequest& request, ActionDone done) {
  actions_.Call(
      request,
      [this](const std::string& line) -> absl::Status {
        if (has_channel()) return SendLine(line);
        return absl::FailedPreconditionError(absl::StrCat(
            Name(),
            " has no actions: it is not a Node program with an IPC "
            "channel"));
      },
      std::move(done));
}

absl::Status LiveWorker::SendLine(const std::string& line) {
  if (line.size() >= NodeChannel::kMaxSendBytes) {
    return absl::InvalidArgumentError(absl::StrCat("a message of ", line.size(),
                                                   " bytes is longer than ",
                                                   NodeChannel::kMaxSendBytes));
  }
  if (channel_->Send(line)) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat(Name(), " does not read its messages"));
}

}  // namespace fleet::agent
