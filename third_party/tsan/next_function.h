// Functions that stand in front of a shared library's.
#ifndef FLEET_THIRD_PARTY_TSAN_NEXT_FUNCTION_H_
#define FLEET_THIRD_PARTY_TSAN_NEXT_FUNCTION_H_

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace fleet::tsan {

// The function of this name in the libraries behind the program. A member
// function is called like a function whose first argument is the object. Ends
// the program when there is none. Thread-safe.
template <typename Function>
Function NextFunction(const char* symbol) {
  void* found = dlsym(RTLD_NEXT, symbol);
  if (found == nullptr) {
    std::fprintf(stderr,
                 "third_party/tsan: no shared library has %s; another version "
                 "of it calls it something else, change it there\n",
                 symbol);
    std::abort();
  }
  return reinterpret_cast<Function>(found);
}

}  // namespace fleet::tsan

#endif  // FLEET_THIRD_PARTY_TSAN_NEXT_FUNCTION_H_
