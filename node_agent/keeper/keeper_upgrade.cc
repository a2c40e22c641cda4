// How a keeper follows on another: one that was killed, or the program that
// ran in this process before.
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "node_agent/keeper/keeper.h"
#include "node_agent/keeper/stderr_line.h"

namespace fleet::keeper {
namespace {

void AddWanted(void* rescue, const SavedHeld& held, const char* name) {
  static_cast<FdRescue*>(rescue)->Add(held, name);
}

}  // namespace

void Keeper::LoadRecord() {
  if (!record_.Open(setup_.state_dir)) {
    StderrLine("cannot open %s: %s", kStateName, strerror(errno));
  }
  record_.Load(processes_, &AddWanted, &rescue_);
  session_.SetAfterLoss(record_.newest_id());
}

// ------------------------------------------------------------------ upgrade

void Keeper::OnCheckEnd(ProgramCheck::Result result) {
  switch (result) {
    case ProgramCheck::Result::kPassed:
      return ExecuteNewProgram();
    case ProgramCheck::Result::kNotMine:
    case ProgramCheck::Result::kGoesOn:
    case ProgramCheck::Result::kFailed:
      return;
  }
}

// The connection with the agent ends; it makes a new one to the next program,
// and with it finds out whether they understand each other.
void Keeper::ExecuteNewProgram() {
  StderrLine("upgrade: executes %s in its place; %zu workers go on",
             setup_.program, processes_.live());
  // What the agent has said already need not be said again.
  for (int i = 0; i < kDrainTurns && session_.attached(); ++i) {
    if (session_.Receive() != AgentSession::Result::kOk) break;
  }
  SendNews();
  record_.Begin(processes_, store_, 0);
  KeeperState state{};
  state.listener = listener_;
  state.lock = lock_.fd();
  state.record = record_.fd();
  agent_.Save(&state);
  state.terminating = terminating_ ? 1 : 0;
  state.orphans = orphans_;
  state.child_nofile = setup_.child_nofile;
  int handover = WriteHandover(state, processes_, store_);
  if (handover >= 0) {
    RunNewProgram(handover);
    int error_number = errno;
    UndoHandover(handover, state, processes_, store_);
    errno = error_number;
  }
  StderrLine("no upgrade of the keeper: %s; it goes on as it was",
             strerror(errno));
  if (session_.greeted()) RenewAgent();
}

bool Keeper::RunNewProgram(int handover) {
  char number[16];
  snprintf(number, sizeof number, "%d", handover);
  size_t count = 0;
  while (setup_.agent_argv[count] != nullptr) ++count;
  const char* own[] = {setup_.program, "--state-dir", setup_.state_path,
                       "--resume",     number,        "--"};
  constexpr size_t kOwn = sizeof own / sizeof own[0];
  char** argv = static_cast<char**>(calloc(kOwn + count + 1, sizeof(char*)));
  if (argv == nullptr) return false;
  for (size_t i = 0; i < kOwn; ++i) argv[i] = const_cast<char*>(own[i]);
  memcpy(argv + kOwn, setup_.agent_argv, count * sizeof argv[0]);
  execv(setup_.program, argv);
  int error_number = errno;
  free(argv);
  errno = error_number;
  return false;
}

// Signals that came meanwhile wait, since they are blocked all the time.
void Keeper::Resume() {
  const KeeperState& state = *setup_.resumed;
  listener_ = state.listener;
  record_.Resume(state.record);
  agent_.Resume(state);
  terminating_ = state.terminating != 0;
  orphans_ = state.orphans;
  renew_agent_ = true;
  StderrLine("upgrade: version %s goes on with %zu workers", FLEET_VERSION,
             processes_.live());
}

void Keeper::RenewAgent() {
  renew_agent_ = false;
  StderrLine("upgrade: agent %d makes way for its new program", agent_.pid());
  agent_.Signal(SIGHUP);
}

}  // namespace fleet::keeper
