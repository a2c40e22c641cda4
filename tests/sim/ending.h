// A world in which nothing more has to happen.
#ifndef FLEET_TESTS_SIM_ENDING_H_
#define FLEET_TESTS_SIM_ENDING_H_

#include <string>

namespace fleet::sim {

class World;

// The app's newest rollout has ended or says what it waits for, every agent is
// done with what it was told last, and hosts that can be reached have been told
// everything.
bool AtRest(World& world, const std::string& app);
// What is missing to that.
std::string Unrest(World& world, const std::string& app);

// What must be true then: workers that are wanted run, also on hosts that
// nobody can reach, and the controller knows what the hosts it hears run.
void CheckAtRest(World& world);

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_ENDING_H_
