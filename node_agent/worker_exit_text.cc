#include "node_agent/worker_exit_text.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "proto/rpc/signal_name.h"

namespace fleet::agent {

WorkerExit DescribeExit(const ProcessExit& exit, const std::string& refusal) {
  WorkerExit result;
  result.value = exit.value;
  switch (exit.kind) {
    case ProcessExit::Kind::kExited:
      result.kind = WorkerExit::Kind::kExited;
      result.message = absl::StrCat("exit code ", exit.value);
      break;
    case ProcessExit::Kind::kSignaled:
      result.kind = WorkerExit::Kind::kSignaled;
      result.message = SignalName(exit.value);
      break;
    case ProcessExit::Kind::kUnknown:
      result.kind = WorkerExit::Kind::kUnknown;
      result.message =
          "ended; how is not known, as it was not its keeper's child";
      break;
  }
  if (!refusal.empty()) {
    result.kind = WorkerExit::Kind::kListenFailed;
    result.message = absl::StrCat(refusal, " (", result.message, ")");
  }
  return result;
}

WorkerExit DescribeSpawnFailure(const WorkerIdentity& identity,
                                const std::string& executable,
                                const std::string& cwd, const std::string& step,
                                int error_number) {
  std::string object = step == "chdir"    ? absl::StrCat(" ", cwd)
                       : step == "execve" ? absl::StrCat(" ", executable)
                                          : "";
  WorkerExit result;
  result.kind = WorkerExit::Kind::kStartFailed;
  result.value = error_number;
  result.message = absl::StrCat("app ", identity.app, ", instance ",
                                identity.slot, ": cannot start: ", step, object,
                                ": ", std::strerror(error_number));
  return result;
}

}  // namespace fleet::agent
