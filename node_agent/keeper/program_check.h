// Asks new programs, before they take the place of those that run, whether
// they would start.
#ifndef FLEET_NODE_AGENT_KEEPER_PROGRAM_CHECK_H_
#define FLEET_NODE_AGENT_KEEPER_PROGRAM_CHECK_H_

#include <sys/resource.h>
#include <sys/types.h>

#include "node_agent/keeper/wire.h"

namespace fleet::keeper {

// Runs `fleet-keeper --can-resume N`, then the agent with its arguments and
// --check; both have to end with code 0. They run beside the loop, which tells
// of their ends. Nothing is waited for: a check that hangs keeps things as
// they are, and the next Begin kills it.
//
// Keeper owns it.
class ProgramCheck {
 public:
  enum class Result { kNotMine, kGoesOn, kPassed, kFailed };

  // `program` is the keeper's own absolute path; `agent_argv` ends with
  // nullptr. Both stay the caller's.
  ProgramCheck(const char* program, char** agent_argv,
               const rlimit& child_nofile);

  void Begin();
  // A child has ended. kFailed comes with its line on stderr.
  Result NoteEnd(pid_t pid, ExitKind kind, int value);
  bool running() const { return pid_ > 0; }

 private:
  enum class Step { kKeeper, kAgent };

  bool Start(Step step);

  const char* const program_;
  char** const agent_argv_;
  const rlimit child_nofile_;
  Step step_ = Step::kKeeper;
  pid_t pid_ = 0;
};

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_PROGRAM_CHECK_H_
