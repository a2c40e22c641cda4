// When a program dies: at any point between two things that it does.
#ifndef FLEET_TESTS_SIM_LIFELINE_H_
#define FLEET_TESTS_SIM_LIFELINE_H_

#include <cstdint>

namespace fleet::sim {

// Every effect that a program has on the world (a commit, a message, a write
// to its journal, a process it starts) asks before it happens and tells when
// it has. Each of these is a point at which the program may die: before, and
// it never happened; after, and the program never learns that it did. A dead
// program goes on computing until its turn ends, without any effect.
class Lifeline {
 public:
  // At the n-th point from now on; 1 is the next one.
  void DieAt(int64_t points) { fatal_ = passed_ + points; }
  void Kill() { dead_ = true; }
  // A new program.
  void Revive() {
    dead_ = false;
    fatal_ = 0;
  }

  // False: it does not happen.
  bool Before() { return Pass(); }
  // False: it has happened, and its caller is dead.
  bool After() { return Pass(); }

  bool dead() const { return dead_; }
  int64_t passed() const { return passed_; }

 private:
  bool Pass() {
    if (!dead_ && ++passed_ == fatal_) dead_ = true;
    return !dead_;
  }

  bool dead_ = false;
  int64_t passed_ = 0;
  int64_t fatal_ = 0;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_LIFELINE_H_
