// What the list of processes shows of a command line.
#ifndef FLEET_NODE_AGENT_KEEPER_HIDDEN_ARGUMENT_H_
#define FLEET_NODE_AGENT_KEEPER_HIDDEN_ARGUMENT_H_

namespace fleet::keeper {

// The token with which an agent joins.
inline constexpr char kJoinFlag[] = "--join";

// Whoever is on the machine can read every process's arguments, in
// /proc/PID/cmdline. Writes asterisks over the values of `flag` there ("--flag
// VALUE" and "--flag=VALUE"), and lets `argv`, which is main's own, point to
// copies that live as long as the process. False: there was none, or no memory.
// Called by main, first, since until then they can be read.
bool HideArgument(char** argv, const char* flag);

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_HIDDEN_ARGUMENT_H_
