#include "proto/rpc/private_memory.h"

#include <sys/prctl.h>

namespace fleet {

// It cannot fail with this argument.
void KeepMemoryPrivate() { prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

}  // namespace fleet
