// The memory that only the start of a program needs.
#ifndef FLEET_NODE_AGENT_START_PAGES_H_
#define FLEET_NODE_AGENT_START_PAGES_H_

namespace fleet::agent {

// Gives back to the kernel the pages of this program's code and constants, and
// of the heap what is free. Two thirds of the program have run once it has
// started and is connected (relocations, static objects, gRPC's and TLS' own
// starts), and a sixth goes on running; the kernel brings a page back from the
// file when it is used again, 64 KiB at a time.
//
// `main` calls it after the start and each connection. Any thread; others may
// run meanwhile. About 0.1 ms, and as much again for what comes back.
void ReleaseStartPages();

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_START_PAGES_H_
