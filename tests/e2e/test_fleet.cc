#include "tests/e2e/test_fleet.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "proto/rpc/status.h"

namespace fleet::e2e {
namespace {

// Unique for each test process: no two suites share an address.
std::string PrivateNetwork() {
  int n = getpid() % (120 * 250);
  return absl::StrCat("127.", 100 + n / 250, ".", 1 + n % 250);
}

// The direct child of `parent` that lives and whose command is `name`; 0: none.
pid_t ChildNamed(pid_t parent, const std::string& name) {
  std::ifstream children(
      absl::StrCat("/proc/", parent, "/task/", parent, "/children"));
  pid_t pid = 0;
  while (children >> pid) {
    std::string comm = ReadFile(absl::StrCat("/proc/", pid, "/comm"));
    // One that was killed is a child until its end has been asked for.
    if (comm == name + "\n" && IsAlive(pid)) return pid;
  }
  return 0;
}

void PrintLog(const std::string& path) {
  std::string log = ReadFile(path);
  constexpr size_t kMost = 6000;
  if (log.size() > kMost) log.erase(0, log.size() - kMost);
  std::cerr << "---- " << path << "\n" << log;
}

}  // namespace

std::string ProgramPath(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

std::string AppPath(const std::string& name) {
  return std::string(FLEET_SOURCE_DIR) + "/tests/e2e/apps/" + name;
}

TestFleet::TestFleet(TestFleetOptions options)
    : options_(std::move(options)), network_(PrivateNetwork()) {
  std::string pattern = options_.parent + "/fleet-e2e-XXXXXX";
  FLEET_CHECK(mkdtemp(pattern.data()) != nullptr);
  dir_ = pattern;
  MountDisk(ControllerDir(), options_.controller_disk_bytes);
  MountDisk(HostDir(1), options_.host_disk_bytes);
  if (options_.own_programs) {
    std::filesystem::create_directories(BinDir());
    for (const char* name : {"fleet-keeper", "fleet-agent"}) {
      std::filesystem::copy(ProgramPath(name), HostProgram(name));
    }
  }
  if (options_.networks) {
    options_.tls = true;
    tls_address_ = absl::StrCat(kControllerHost, ":7443");
    for (int i = 1; i <= options_.hosts; ++i) {
      networks_[i] = std::make_unique<HostNetwork>(i);
    }
  }
  StartController();
  for (int i = 1; i <= options_.hosts; ++i) StartHost(i);
  AwaitConnected(options_.hosts);
}

TestFleet::~TestFleet() {
  std::vector<int> hosts;
  for (const auto& [host, keeper] : keepers_) hosts.push_back(host);
  for (int host : hosts) keepers_[host]->Signal(SIGTERM);
  for (int host : hosts) StopHost(host);
  StopController();
  for (pid_t pid : WorkerProcesses()) {
    ADD_FAILURE() << "process " << pid << " of a worker was left";
    kill(pid, SIGKILL);
  }
  if (testing::Test::HasFailure()) {
    PrintLog(ControllerLog());
    for (int i = 1; i <= options_.hosts; ++i) PrintLog(HostLog(i));
  }
  for (const std::string& folder : mounts_) {
    umount2(folder.c_str(), MNT_DETACH);
  }
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

void TestFleet::MountDisk(const std::string& folder, int64_t bytes) {
  if (bytes == 0) return;
  mkdir(folder.c_str(), 0711);
  std::string size = absl::StrCat("size=", bytes);
  disk_ = mount("fleet-e2e", folder.c_str(), "tmpfs", 0, size.c_str()) == 0;
  if (disk_) mounts_.push_back(folder);
}

std::string TestFleet::Address(int host) const {
  if (options_.networks) return networks_.at(host)->Address();
  return absl::StrCat(network_, ".", 10 + host);
}

std::string TestFleet::HostDir(int host) const {
  return absl::StrCat(dir_, "/", HostName(host));
}

std::string TestFleet::HostLog(int host) const {
  return HostDir(host) + ".log";
}

std::string TestFleet::controller_address() const {
  return "unix:" + dir_ + "/controller.sock";
}

std::string TestFleet::agent_controller_address() const {
  if (options_.tls) return tls_address_;
  if (options_.agent_port == 0) return controller_address();
  return absl::StrCat("127.0.0.1:", options_.agent_port);
}

std::string TestFleet::WriteApp(const std::string& name,
                                const std::string& content) {
  std::filesystem::create_directories(dir_ + "/apps");
  std::string path = dir_ + "/apps/" + name;
  WriteFile(path, content);
  return path;
}

void TestFleet::StartController() {
  int ready[2];
  FLEET_CHECK(pipe(ready) == 0);
  ProcessOptions options;
  options.argv = {ProgramPath("fleet-controller"),
                  "--state-dir",
                  ControllerDir(),
                  "--listen",
                  controller_address(),
                  "--ready-fd",
                  "3"};
  if (options_.agent_port != 0) {
    options.argv.insert(options.argv.end(),
                        {"--listen", agent_controller_address(), "--insecure"});
  }
  if (options_.tls) {
    options.argv.insert(
        options.argv.end(),
        {"--listen", tls_address_.empty() ? "127.0.0.1:0" : tls_address_});
  }
  options.argv.insert(options.argv.end(), options_.controller_flags.begin(),
                      options_.controller_flags.end());
  options.env = options_.controller_env;
  options.stdout_file = options.stderr_file = ControllerLog();
  options.fd3 = ready[1];
  controller_ = std::make_unique<ChildProcess>(options);
  close(ready[1]);
  pollfd p{ready[0], POLLIN, 0};
  EXPECT_EQ(poll(&p, 1, 30000), 1) << "the controller does not get ready";
  // "listening unix:///… tcp://127.0.0.1:PORT"
  std::array<char, 512> line{};
  ssize_t size = read(ready[0], line.data(), line.size() - 1);
  std::string_view text(line.data(), size > 0 ? static_cast<size_t>(size) : 0);
  size_t tcp = text.find("tcp://");
  if (options_.tls && tcp != text.npos) {
    text.remove_prefix(tcp + 6);
    tls_address_ = text.substr(0, text.find_first_of(" \n"));
  }
  close(ready[0]);
}

void TestFleet::StartHost(int host) {
  ProcessOptions options;
  std::filesystem::create_directories(HostDir(host));
  options.argv =
      options_.networks ? networks_.at(host)->Enter() : options_.host_wrapper;
  options.argv.insert(
      options.argv.end(),
      {HostProgram("fleet-keeper"), "--state-dir", HostDir(host), "--",
       HostProgram("fleet-agent"), "--state-dir", HostDir(host), "--controller",
       agent_controller_address(), "--host-name", HostName(host),
       "--bind-address", Address(host)});
  options.env = options_.host_env;
  if (options_.agent_port != 0) options.argv.push_back("--insecure");
  if (options_.tls && !std::filesystem::exists(HostDir(host) + "/tls")) {
    std::string token = MustCtl({"token", "create", "--join", HostName(host)});
    token.erase(token.find_last_not_of('\n') + 1);
    options.argv.insert(options.argv.end(), {"--join", token});
  }
  options.argv.insert(options.argv.end(), options_.agent_flags.begin(),
                      options_.agent_flags.end());
  options.stdout_file = options.stderr_file = HostLog(host);
  keepers_[host] = std::make_unique<ChildProcess>(options);
}

std::string TestFleet::HostProgram(const std::string& name) const {
  return options_.own_programs ? BinDir() + "/" + name : ProgramPath(name);
}

pid_t TestFleet::CurrentKeeperPid(int host) const {
  std::istringstream lock(ReadFile(HostDir(host) + "/keeper.lock"));
  std::string word;
  pid_t keeper = 0;
  return lock >> word >> keeper ? keeper : 0;
}

std::vector<pid_t> TestFleet::WorkerProcesses() const {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    pid_t pid = atoi(entry.path().filename().c_str());
    if (pid == 0 || !IsAlive(pid)) continue;
    std::string env = ReadFile(entry.path().string() + "/environ");
    if (env.find("NOTIFY_SOCKET=" + dir_ + "/") != std::string::npos) {
      found.push_back(pid);
    }
  }
  return found;
}

void TestFleet::KillHost(int host) {
  std::array<pid_t, 2> pids = {CurrentKeeperPid(host), 0};
  pids[1] = ChildNamed(pids[0], "fleet-agent");
  ASSERT_GT(pids[0], 0);
  ASSERT_GT(pids[1], 0);
  // Neither is to act on the end of the other. (A stopped agent would: the end
  // of its parent continues it.)
  kill(pids[0], SIGSTOP);
  EXPECT_TRUE(Eventually([&] {
    const std::string status =
        ReadFile(absl::StrCat("/proc/", pids[0], "/status"));
    return status.find("State:\tT") != std::string::npos;
  }));
  for (pid_t pid : {pids[1], pids[0]}) kill(pid, SIGKILL);
  keepers_.at(host)->Wait(kPatience);
  for (pid_t pid : pids) EXPECT_TRUE(WaitGone(pid, kPatience));
}

void TestFleet::AwaitConnected(int hosts) {
  EXPECT_TRUE(Eventually([&] {
    CommandResult r = Ctl({"hosts", "-o", "json"});
    if (r.exit_code != 0) return false;
    auto all = nlohmann::json::parse(r.out, nullptr, false);
    int connected = 0;
    for (const auto& host : all["hosts"]) {
      if (host.value("state", "") == "HOST_STATE_CONNECTED") ++connected;
    }
    return connected >= hosts;
  })) << Ctl({"hosts"}).out;
}

void TestFleet::StopController() {
  if (!controller_) return;
  controller_->Signal(SIGTERM);
  EXPECT_TRUE(controller_->Wait(kPatience).has_value())
      << "the controller does not stop";
}

void TestFleet::StopHost(int host) {
  auto it = keepers_.find(host);
  if (it == keepers_.end()) return;
  // Of a keeper that was killed, the one that came after it.
  pid_t keeper = CurrentKeeperPid(host);
  bool another = keeper != 0 && keeper != it->second->pid();
  pid_t agent = ChildNamed(another ? keeper : it->second->pid(), "fleet-agent");
  if (another) kill(keeper, SIGTERM);
  it->second->Signal(SIGTERM);
  EXPECT_TRUE(it->second->Wait(kPatience).has_value() &&
              (!another || WaitGone(keeper, kPatience)))
      << "the keeper of " << HostName(host) << " does not stop";
  if (agent > 0) {
    EXPECT_TRUE(WaitGone(agent, kPatience)) << "the agent lives on";
  }
  keepers_.erase(it);
}

pid_t TestFleet::KeeperPid(int host) const { return keepers_.at(host)->pid(); }

pid_t TestFleet::AgentPid(int host) const {
  pid_t child = ChildNamed(KeeperPid(host), "fleet-agent");
  if (child != 0) return child;
  // That of the keeper which was there first when this one was started.
  std::istringstream lock(ReadFile(HostDir(host) + "/keeper.lock"));
  std::string word;
  pid_t pid = 0;
  lock >> word >> pid >> word >> pid;
  return lock && pid > 0 && IsAlive(pid) ? pid : 0;
}

CommandResult TestFleet::Ctl(const std::vector<std::string>& args,
                             const std::map<std::string, std::string>& env) {
  ProcessOptions options;
  options.argv = {ProgramPath("fleetctl"), "--controller",
                  controller_address()};
  options.argv.insert(options.argv.end(), args.begin(), args.end());
  options.env = env;
  return RunCommand(options, dir_, 3 * kPatience);
}

std::string TestFleet::MustCtl(const std::vector<std::string>& args) {
  CommandResult r = Ctl(args);
  EXPECT_EQ(r.exit_code, 0) << "fleetctl " << args[0] << ":\n"
                            << r.out << r.err;
  return r.out;
}

std::unique_ptr<ChildProcess> TestFleet::StartCtl(
    const std::vector<std::string>& args, const std::string& output_name) {
  ProcessOptions options;
  options.argv = {ProgramPath("fleetctl"), "--controller",
                  controller_address()};
  options.argv.insert(options.argv.end(), args.begin(), args.end());
  options.stdout_file = dir_ + "/" + output_name + ".out";
  options.stderr_file = dir_ + "/" + output_name + ".err";
  return std::make_unique<ChildProcess>(options);
}

nlohmann::json TestFleet::Show(const std::string& app) {
  CommandResult r = Ctl({"show", app, "-o", "json"});
  auto parsed = nlohmann::json::parse(r.out, nullptr, false);
  return parsed.is_discarded() ? nlohmann::json::object() : parsed;
}

nlohmann::json TestFleet::InstancesOn(const std::string& app,
                                      const std::string& host) {
  nlohmann::json shown = Show(app);
  for (const auto& entry : shown.value("hosts", nlohmann::json::array())) {
    if (entry.value("host", "") == host && entry.contains("status")) {
      return entry["status"].value("instances", nlohmann::json::array());
    }
  }
  return nlohmann::json::array();
}

std::vector<pid_t> TestFleet::Pids(const std::string& app,
                                   const std::string& host) {
  std::vector<pid_t> pids;
  for (const auto& instance : InstancesOn(app, host)) {
    if (instance.value("pid", 0) > 0) pids.push_back(instance["pid"]);
  }
  return pids;
}

bool TestFleet::Eventually(const std::function<bool()>& holds,
                           absl::Duration limit) {
  const absl::Time end = absl::Now() + limit;
  while (absl::Now() < end) {
    if (holds()) return true;
  }
  return false;
}

}  // namespace fleet::e2e
