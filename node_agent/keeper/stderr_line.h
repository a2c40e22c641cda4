// Lines for whoever reads the keeper's stderr.
#ifndef FLEET_NODE_AGENT_KEEPER_STDERR_LINE_H_
#define FLEET_NODE_AGENT_KEEPER_STDERR_LINE_H_

namespace fleet::keeper {

// Writes "fleet-keeper: …\n" as printf does, at most 1 KiB; nothing when the
// reader does not keep up, since the keeper must never wait.
void StderrLine(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_STDERR_LINE_H_
