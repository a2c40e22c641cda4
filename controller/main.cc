// fleet-controller: reads the options, builds the controller and its servers,
// and runs the loop until a signal ends it.
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "controller/controller.h"
#include "controller/options.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/logging.h"
#include "proto/rpc/private_memory.h"
#include "proto/rpc/rpc_server.h"
#include "proto/rpc/status.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

constexpr int kUsageError = 2;
// Each agent and client is one descriptor.
constexpr rlim_t kFewestDescriptors = 256;
// What open calls get when it stops.
constexpr absl::Duration kStopGrace = absl::Seconds(3);

// Blocked before any thread exists, so that only signalfd sees them.
sigset_t BlockSignals() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // A full quota is an error of the write.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return set;
}

// At EMFILE gRPC leaves new clients hanging, so that is said here.
absl::Status RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return ErrnoStatus(errno, "getrlimit(RLIMIT_NOFILE)");
  }
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < kFewestDescriptors) {
    return absl::FailedPreconditionError(absl::StrCat(
        "only ", limit.rlim_cur, " descriptors may be open; at least ",
        kFewestDescriptors, " are needed: raise `ulimit -Hn` (LimitNOFILE)"));
  }
  spdlog::info("descriptors limit={}", limit.rlim_cur);
  return absl::OkStatus();
}

absl::Status MakeStateDir(const std::string& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) {
    return ErrnoStatus(error.value(), absl::StrCat("make folder ", path));
  }
  if (made) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all,
                                 error);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::unique_ptr<RpcServer>>> StartServers(
    EventLoop& loop, Controller& controller, const Options& options) {
  std::vector<std::unique_ptr<RpcServer>> servers;
  for (const Address& address : options.listen) {
    ASSIGN_OR_RETURN(auto server, RpcServer::Start(loop, address,
                                                   {options.insecure,
                                                    controller.tls_files()},
                                                   controller.services()));
    spdlog::info("listening address={}", server->address().ToString());
    servers.push_back(std::move(server));
  }
  return servers;
}

void TellReady(int fd, const std::vector<std::unique_ptr<RpcServer>>& servers) {
  if (fd < 0) return;
  std::string line = "listening";
  for (const auto& server : servers) {
    absl::StrAppend(&line, " ", server->address().ToString());
  }
  line += '\n';
  if (write(fd, line.data(), line.size()) < 0) {
    spdlog::warn("--ready-fd {}: {}", fd, std::strerror(errno));
  }
  close(fd);
}

// Agents first, so that they go before their streams are cut.
void Stop(EventLoop& loop, Controller& controller,
          std::vector<std::unique_ptr<RpcServer>>& servers) {
  spdlog::info("controller state=STOPPING");
  controller.GoAway();
  auto left = std::make_shared<size_t>(servers.size());
  for (const auto& server : servers) {
    server->Shutdown(kStopGrace, [&loop, left] {
      if (--*left == 0) loop.Stop();
    });
  }
}

absl::Status Run(const Options& options, const sigset_t& signals) {
  RETURN_IF_ERROR(RaiseDescriptorLimit());
  RETURN_IF_ERROR(MakeStateDir(options.state_dir));
  SystemClock clock;
  EventLoop loop(clock);
  std::random_device random;
  const uint64_t seed = (uint64_t{random()} << 32) | random();
  ASSIGN_OR_RETURN(
      auto controller,
      Controller::Start(
          loop, {options.state_dir, seed, UsesTls(options),
                 options.authority_certificate, options.authority_key,
                 options.issuers_file, options.host_certificate_ttl,
                 options.server_certificate_ttl, options.gate_authority}));
  ASSIGN_OR_RETURN(auto servers, StartServers(loop, *controller, options));
  const int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signal_fd < 0) return ErrnoStatus(errno, "signalfd");
  loop.AddFd(signal_fd, EPOLLIN, [&](uint32_t) {
    signalfd_siginfo info{};
    if (read(signal_fd, &info, sizeof info) != sizeof info) return;
    if (info.ssi_signo == SIGHUP) return controller->Reload();
    loop.RemoveFd(signal_fd);
    Stop(loop, *controller, servers);
  });
  TellReady(options.ready_fd, servers);
  loop.Run();
  close(signal_fd);
  servers.clear();
  spdlog::info("controller state=STOPPED");
  return absl::OkStatus();
}

int Main(const std::vector<std::string>& args) {
  KeepMemoryPrivate();
  absl::StatusOr<Options> options = ParseOptions(args);
  absl::Status status = options.status();
  if (status.ok() && options->help) {
    std::fputs(HelpText().c_str(), stdout);
    return 0;
  }
  if (status.ok() && options->version) {
    std::puts("fleet-controller " FLEET_VERSION);
    return 0;
  }
  if (status.ok())
    status = SetUpLogging("fleet-controller", options->log_level);
  if (!status.ok()) {
    std::fprintf(stderr, "fleet-controller: %s\n",
                 std::string(status.message()).c_str());
    return kUsageError;
  }
  const sigset_t signals = BlockSignals();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  status = Run(*options, signals);
  if (status.ok()) return 0;
  spdlog::error("{}", std::string(status.message()));
  return 1;
}

}  // namespace
}  // namespace fleet::controller

int main(int argc, char** argv) {
  return fleet::controller::Main({argv + 1, argv + argc});
}
