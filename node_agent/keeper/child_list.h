// How many children the keeper has, by the kernel's count.
#ifndef FLEET_NODE_AGENT_KEEPER_CHILD_LIST_H_
#define FLEET_NODE_AGENT_KEEPER_CHILD_LIST_H_

namespace fleet::keeper {

// Keeps /proc/self/task/…/children open. Keeper asks it. For a process of one
// thread that reaps its children itself: then the kernel's list is exact.
class ChildList {
 public:
  // Zombies included. -1: not to be had (a kernel without
  // CONFIG_PROC_CHILDREN). About 3 µs, and 0.1 µs for each child.
  int Count();

 private:
  int fd_ = -1;
};

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_CHILD_LIST_H_
