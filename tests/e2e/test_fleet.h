// A whole fleet on this machine: one controller and some hosts, made of the
// real programs, in a folder and on loopback addresses of its own.
#ifndef FLEET_TESTS_E2E_TEST_FLEET_H_
#define FLEET_TESTS_E2E_TEST_FLEET_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nlohmann/json_fwd.hpp"
#include "tests/e2e/child_process.h"
#include "tests/e2e/host_network.h"
#include "tests/e2e/http_load.h"

namespace fleet::e2e {

// Longest wait for something that should take a moment; a test that passes
// never comes near it.
inline constexpr absl::Duration kPatience = absl::Seconds(60);

// The programs' folder, and the folder of the test's sample apps.
std::string ProgramPath(const std::string& name);
std::string AppPath(const std::string& name);

struct TestFleetOptions {
  int hosts = 1;
  // Where its folder is made.
  std::string parent = "/tmp";
  // Not 0: agents reach the controller at this port of 127.0.0.1, in
  // plaintext. fleetctl goes through the Unix socket all the same.
  int agent_port = 0;
  // Agents join with tokens and reach the controller over TLS, at a port of
  // 127.0.0.1 that the kernel chooses.
  bool tls = false;
  // Each host has a network of its own (EnterTestNetwork must have worked),
  // which can be cut; with TLS.
  bool networks = false;
  // Not 0: the controller's state folder is a file system of this size. Needs
  // root; `disk()` is false when it could not be made.
  int64_t controller_disk_bytes = 0;
  // The same of host 1's.
  int64_t host_disk_bytes = 0;
  std::vector<std::string> controller_flags = {};
  // Added to the controller's environment.
  std::map<std::string, std::string> controller_env = {};
  std::vector<std::string> agent_flags = {};
  // Hosts run copies of fleet-keeper and fleet-agent, in BinDir(), which a test
  // may replace.
  bool own_programs = false;
  // What a host's keeper is executed by ("unshare", …); it must not fork.
  std::vector<std::string> host_wrapper = {};
  // Added to the environment of hosts.
  std::map<std::string, std::string> host_env = {};
};

// Not thread-safe. The destructor stops every process by its id, and reports
// what the programs logged when the test has failed.
class TestFleet {
 public:
  explicit TestFleet(TestFleetOptions options = {});
  ~TestFleet();
  TestFleet(const TestFleet&) = delete;
  TestFleet& operator=(const TestFleet&) = delete;

  // fleetctl ARGS… against this fleet.
  CommandResult Ctl(const std::vector<std::string>& args,
                    const std::map<std::string, std::string>& env = {});
  // The same, expecting exit code 0; a failure of the test otherwise.
  std::string MustCtl(const std::vector<std::string>& args);
  // fleetctl in the background, e.g. a reload that is watched.
  std::unique_ptr<ChildProcess> StartCtl(const std::vector<std::string>& args,
                                         const std::string& output_name);
  // `fleetctl show APP -o json`, the app.
  // JSON has the protos' field names in snake_case, enums by name.
  nlohmann::json Show(const std::string& app);
  // Its instances on a host, from Show.
  nlohmann::json InstancesOn(const std::string& app, const std::string& host);
  std::vector<pid_t> Pids(const std::string& app, const std::string& host);

  // Asks again until `holds`; false: not within `limit`.
  bool Eventually(const std::function<bool()>& holds,
                  absl::Duration limit = kPatience);

  // host-1 is host 1.
  std::string HostName(int host) const {
    return "host-" + std::to_string(host);
  }
  std::string Address(int host) const;
  HttpLoad::Target Target(int host, int port, std::string path = "/") const {
    return {Address(host), port, std::move(path)};
  }
  std::string dir() const { return dir_; }
  bool disk() const { return disk_; }
  std::string HostDir(int host) const;
  std::string ControllerDir() const { return dir_ + "/controller"; }
  std::string BinDir() const { return dir_ + "/bin"; }
  // What StartHost goes by from now on.
  TestFleetOptions& options() { return options_; }
  std::string controller_address() const;
  std::string agent_controller_address() const;
  // With `tls`: HOST:PORT.
  const std::string& tls_address() const { return tls_address_; }
  std::string WriteApp(const std::string& name, const std::string& content);

  void StartController();
  void StartHost(int host);
  void AwaitConnected(int hosts);
  // Graceful: SIGTERM and its end.
  void StopController();
  void StopHost(int host);
  void KillController() {
    controller_->Signal(9);
    controller_->Wait(kPatience);
  }
  pid_t KeeperPid(int host) const;
  pid_t AgentPid(int host) const;
  // As its lock says: it is another one after a keeper was killed.
  pid_t CurrentKeeperPid(int host) const;
  // SIGKILL to keeper and agent, in one moment, and their end.
  void KillHost(int host);
  // Processes of this fleet's workers, by the environment they were started
  // with.
  std::vector<pid_t> WorkerProcesses() const;
  ChildProcess& keeper(int host) { return *keepers_.at(host); }
  ChildProcess& controller() { return *controller_; }
  // With `networks`.
  HostNetwork& network(int host) { return *networks_.at(host); }
  std::string ControllerLog() const { return dir_ + "/controller.log"; }
  std::string HostLog(int host) const;

 private:
  void MountDisk(const std::string& folder, int64_t bytes);
  std::string HostProgram(const std::string& name) const;

  TestFleetOptions options_;
  std::string dir_;
  std::string network_;  // "127.A.B"
  std::string tls_address_;
  bool disk_ = false;
  std::vector<std::string> mounts_;
  std::map<int, std::unique_ptr<HostNetwork>> networks_;
  std::unique_ptr<ChildProcess> controller_;
  std::map<int, std::unique_ptr<ChildProcess>> keepers_;
};

}  // namespace fleet::e2e

#endif  // FLEET_TESTS_E2E_TEST_FLEET_H_
