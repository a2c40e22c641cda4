// A host with a network of its own, for tests that cut it.
#ifndef FLEET_TESTS_E2E_HOST_NETWORK_H_
#define FLEET_TESTS_E2E_HOST_NETWORK_H_

#include <string>
#include <vector>

namespace fleet::e2e {

// Gives this process a network namespace in which nothing but loopback and the
// controller's address is. Once, before the first thread. False: needs root.
bool EnterTestNetwork();

// Where the controller listens for hosts.
inline constexpr char kControllerHost[] = "10.231.0.1";

// A network namespace, joined to the test's by two cables (pairs of virtual
// interfaces): one to the controller, one to the clients of its apps. Gone with
// the object. Not thread-safe.
class HostNetwork {
 public:
  // `host` is 1 to 250.
  explicit HostNetwork(int host);
  ~HostNetwork();
  HostNetwork(const HostNetwork&) = delete;
  HostNetwork& operator=(const HostNetwork&) = delete;

  // What is put before a command to run it there, under the same process id.
  std::vector<std::string> Enter() const;
  // Where clients reach it.
  std::string Address() const;

  // The cable to the controller; nobody is told.
  void Cut();
  void Heal();

 private:
  void Join(const std::string& cable, int network);

  const int host_;
  const std::string name_;
};

}  // namespace fleet::e2e

#endif  // FLEET_TESTS_E2E_HOST_NETWORK_H_
