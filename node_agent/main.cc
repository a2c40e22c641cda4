// fleet-agent: builds the parts, wires them, runs the loop.
#include <malloc.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "node_agent/agent_ending.h"
#include "node_agent/agent_options.h"
#include "node_agent/agent_state.h"
#include "node_agent/command_service.h"
#include "node_agent/controller_link.h"
#include "node_agent/desired_journal.h"
#include "node_agent/host_conditions.h"
#include "node_agent/host_facts.h"
#include "node_agent/host_identity.h"
#include "node_agent/host_policy.h"
#include "node_agent/host_reporter.h"
#include "node_agent/keeper/hidden_argument.h"
#include "node_agent/keeper_connection.h"
#include "node_agent/live_log_reader.h"
#include "node_agent/local_worker_runtime.h"
#include "node_agent/log_tail_service.h"
#include "node_agent/log_transit.h"
#include "node_agent/pipe_log_pump.h"
#include "node_agent/start_pages.h"
#include "node_agent/state_folder.h"
#include "node_agent/thread_log_reader.h"
#include "proto/rpc/address.h"
#include "proto/rpc/app_spec_proto.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/logging.h"
#include "proto/rpc/private_memory.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr char kKeeperFd[] = "FLEET_KEEPER_FD";

// An agent has little to allocate at the same time, and each arena of malloc's
// costs memory.
void LimitMemory() {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TRIM_THRESHOLD, 256 << 10);
  mallopt(M_MMAP_THRESHOLD, 128 << 10);
}

absl::StatusOr<int> KeeperFd(const AgentOptions& options) {
  const char* text = std::getenv(kKeeperFd);
  int fd = -1;
  if (text != nullptr && absl::SimpleAtoi(text, &fd) && fd >= 0) return fd;
  return absl::FailedPreconditionError(absl::StrCat(
      "fleet-agent is started by fleet-keeper, which is missing here; run: "
      "fleet-keeper --state-dir ",
      options.state_dir, " -- fleet-agent --state-dir ", options.state_dir,
      " …"));
}

// fleet-keeper is installed beside us.
std::string KeeperBinary() {
  std::error_code error;
  auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / "fleet-keeper").string();
}

v1::Host DescribeHost(const AgentOptions& options, const HostFacts& facts,
                      const StateFolder& folder) {
  v1::Host host;
  host.set_name(options.host_name);
  for (const auto& [key, value] : options.labels) {
    (*host.mutable_labels())[key] = value;
  }
  host.set_agent_version(FLEET_VERSION);
  host.set_kernel(facts.kernel);
  host.set_cores(facts.cores);
  host.set_memory_bytes(facts.memory_bytes);
  host.set_bind_address(options.bind_address);
  host.set_host_uid(folder.host_uid());
  host.set_boot_id(facts.boot_id);
  return host;
}

// Takes out what is held under names that begin with `prefix`.
std::vector<Inventory::Held> TakeHeld(Inventory& inventory,
                                      const std::string& prefix) {
  auto taken = std::stable_partition(
      inventory.held.begin(), inventory.held.end(),
      [&](const auto& held) { return !held.name.starts_with(prefix); });
  std::vector<Inventory::Held> result(
      std::make_move_iterator(taken),
      std::make_move_iterator(inventory.held.end()));
  inventory.held.erase(taken, inventory.held.end());
  return result;
}

using OnSignal = std::function<void(int)>;

void ReadSignal(int fd, const OnSignal& on_signal) {
  signalfd_siginfo info;
  if (read(fd, &info, sizeof info) == sizeof info) {
    on_signal(static_cast<int>(info.ssi_signo));
  }
}

// Calls `on_signal` on the loop for SIGTERM, SIGINT and SIGHUP. Before any
// thread.
UniqueFd WatchSignals(EventLoop& loop, const OnSignal& on_signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  UniqueFd fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  FLEET_CHECK(fd.valid());
  loop.AddFd(fd.get(), EPOLLIN, [raw = fd.get(), on_signal](uint32_t) {
    ReadSignal(raw, on_signal);
  });
  return fd;
}

int Fail(const absl::Status& status, int code) {
  spdlog::critical("{}", ToStd(status.message()));
  return code;
}

bool UsesTls(const AgentOptions& options) {
  if (options.controller.empty() || options.insecure) return false;
  absl::StatusOr<Address> address = ParseAddress(options.controller);
  return address.ok() && address->kind == Address::Kind::kTcp;
}

// The host's certificate, which it gets now when it has none. What cannot mend
// itself is FAILED_PRECONDITION.
absl::StatusOr<HostIdentity> JoinedIdentity(const AgentOptions& options,
                                            const StateFolder& folder) {
  ASSIGN_OR_RETURN(HostIdentity identity,
                   HostIdentity::Open(folder.path() + "/tls"));
  if (!identity.joined()) {
    if (options.join_token.empty()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "this host has not joined the fleet of ", options.controller,
          " yet: make a token there (fleetctl token create --join ",
          options.host_name,
          ") and start the agent once with --join-file FILE that holds it"));
    }
    if (options.join_token_shown) {
      spdlog::warn(
          "--join TOKEN is in the list of processes until the agent hides it; "
          "--join-file FILE, or FLEET_JOIN_TOKEN, keeps it out of there");
    }
    ASSIGN_OR_RETURN(Address address, ParseAddress(options.controller));
    absl::Status joined = identity.Join(address, options.join_token);
    if (absl::IsUnavailable(joined) || absl::IsDeadlineExceeded(joined)) {
      return joined;
    }
    if (!joined.ok()) return absl::FailedPreconditionError(joined.message());
    spdlog::info("host {} has joined the fleet of {}", identity.host(),
                 options.controller);
  }
  if (options.host_name_given && options.host_name != identity.host()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "--host-name ", options.host_name, ": this host joined as ",
        identity.host(), "; leave the flag out, or remove ", folder.path(),
        "/tls and join anew"));
  }
  return identity;
}

// nullopt: none is configured.
absl::StatusOr<std::optional<HostPolicy>> ReadPolicy(
    const AgentOptions& options) {
  if (options.policy.empty()) return std::nullopt;
  absl::StatusOr<HostPolicy> policy = HostPolicy::Read(options.policy);
  if (!policy.ok()) return Annotate(policy.status(), "--policy");
  return *std::move(policy);
}

bool HasHooks(const v1::AppTarget& target) {
  return !target.step().pre_reload().command().empty() ||
         !target.step().post_reload().command().empty() ||
         target.has_once_hook();
}

TargetCheck CheckBy(const HostPolicy& policy) {
  return [&policy](const v1::AppTarget& target) {
    RETURN_IF_ERROR(
        policy.CheckSpec(fleet::FromProto(target.spec()), HasHooks(target)));
    if (!target.has_once_hook()) return absl::OkStatus();
    return policy.CheckSpec(fleet::FromProto(target.once_hook().spec()),
                            /*hooks=*/true);
  };
}

// The next program would not start with a policy that is broken; this one goes
// on with what it has read.
bool MayEnd(int signal, const AgentOptions& options) {
  if (signal != SIGHUP) return true;
  const absl::Status readable = ReadPolicy(options).status();
  if (readable.ok()) return true;
  spdlog::error(
      "{}; nothing is read anew, and the policy as it was read "
      "before stays in force",
      ToStd(readable.message()));
  return false;
}

absl::StatusOr<std::unique_ptr<KeeperConnection>> ConnectKeeper(
    EventLoop& loop, const StateFolder& folder, int fd) {
  KeeperOptions options;
  options.keeper_binary = KeeperBinary();
  options.state_dir = folder.path();
  options.fd = fd;
  return KeeperConnection::Connect(loop, options);
}

HostConditions ConditionsOf(const StateFolder& folder,
                            const DesiredJournal& journal,
                            const KeeperConnection& keeper,
                            const HostPolicy* policy) {
  HostConditions conditions = ReadHostConditions(folder.path());
  if (policy != nullptr) conditions.policy = policy->Describe();
  conditions.journal_damage = journal.damage();
  conditions.agent_version = FLEET_VERSION;
  conditions.keeper_version = keeper.keeper_version();
  return conditions;
}

void SayWhatStarts(const AgentOptions& options, const StateFolder& folder,
                   const HostPolicy* policy) {
  spdlog::info("host {} version {}, state in {}, controller {}, policy {}",
               options.host_name, FLEET_VERSION, folder.path(),
               options.controller.empty() ? "none" : options.controller,
               policy == nullptr ? "none" : policy->Describe());
}

// From the pipes of the workers to whoever reads.
struct LogParts {
  LogParts(EventLoop& loop, KeeperConnection& keeper, Inventory& inventory,
           const std::string& folder, const std::string& host)
      : transit(TakeHeld(inventory, LogTransit::kHeldPrefix),
                [&keeper](const std::string& name, int fd) {
                  keeper.Hold(name, fd);
                }),
        pump(loop, transit, {folder, host}),
        files(loop, pump, folder),
        reader(loop, pump, files),
        tails(reader, pump, host) {}

  LogTransit transit;
  PipeLogPump pump;
  ThreadLogReader files;
  LiveLogReader reader;
  LogTailService tails;
};

void Say(spdlog::level::level_enum level, const absl::Status& status) {
  if (!status.ok()) spdlog::log(level, "{}", ToStd(status.message()));
}

// Without a controller nothing more is connected.
void Begin(ControllerLink* link) {
  if (link != nullptr) {
    link->session().Start();
  } else {
    ReleaseStartPages();
  }
}

// The agent once everything that can be configured wrongly has been looked at.
absl::StatusOr<int> Run(const AgentOptions& options, const StateFolder& folder,
                        const HostPolicy* policy, HostIdentity* identity,
                        int keeper_fd) {
  SystemClock clock;
  EventLoop loop(clock);
  AgentEnding ending(loop);
  const OnSignal on_signal = [&ending, &options](int signal) {
    if (MayEnd(signal, options)) ending.OnSignal(signal);
  };
  UniqueFd signals = WatchSignals(loop, on_signal);

  ASSIGN_OR_RETURN(auto journal, DesiredJournal::Open(folder.journal_path()));
  if (!journal->damage().empty()) spdlog::error("{}", journal->damage());
  ASSIGN_OR_RETURN(auto keeper, ConnectKeeper(loop, folder, keeper_fd));
  Inventory inventory = keeper->TakeInventory();
  if (inventory.after_loss) {
    absl::Status no_copy = folder.CheckIsNoCopy();
    if (!no_copy.ok()) return Fail(no_copy, kExitConfig);
  }
  LogParts logs(loop, *keeper, inventory, folder.log_folder(),
                options.host_name);
  LocalWorkerRuntime runtime(
      loop, clock, *keeper, logs.pump,
      {options.host_name, options.bind_address, folder.runtime_folder(),
       folder.first_worker_id(), policy},
      std::move(inventory));
  keeper->SetEvents(&runtime);
  Say(spdlog::level::err, runtime.status());

  HostFacts facts = ReadHostFacts();
  Say(spdlog::level::warn, journal->BeginBoot(facts.boot_id));
  AgentState state(loop, runtime, *journal, facts.cores, options.host_name);
  ASSIGN_OR_RETURN(const SealingKey secret_key,
                   SealingKey::Open(folder.path() + "/secrets.key"));
  state.SetSecretKey(&secret_key);
  state.SetHookRuntime(&runtime.hooks());
  if (policy != nullptr) state.SetTargetCheck(CheckBy(*policy));
  CommandService commands(state, runtime, [&folder, &journal, &keeper, policy] {
    return JudgeHost(ConditionsOf(folder, *journal, *keeper, policy));
  });
  HostReporter reporter(clock, DescribeHost(options, facts, folder), state,
                        logs.tails, commands, *keeper);
  std::unique_ptr<ControllerLink> link;
  if (!options.controller.empty()) {
    ASSIGN_OR_RETURN(link,
                     ControllerLink::Create(loop, options, identity, reporter));
    link->Serve(state, logs.tails, commands);
  }
  ending.Set(&state, link == nullptr ? nullptr : &link->session());

  state.Start(folder.first_worker_id());
  // One that comes only to stop what there is starts nothing before.
  ReadSignal(signals.get(), on_signal);
  Begin(link.get());
  SayWhatStarts(options, folder, policy);
  loop.Run();
  if (ending.code() == 0) spdlog::info("all workers are stopped");
  loop.RemoveFd(signals.get());
  return ending.code();
}

absl::Status CheckController(const AgentOptions& options) {
  if (options.controller.empty() || UsesTls(options)) return absl::OkStatus();
  ASSIGN_OR_RETURN(Address address, ParseAddress(options.controller));
  absl::Status status =
      ChannelCredentialsFor(address, {options.insecure}).status();
  // Anything else may mend itself while we run.
  return absl::IsFailedPrecondition(status) ? status : absl::OkStatus();
}

int Main(int argc, char** argv) {
  KeepMemoryPrivate();
  const bool token_shown = keeper::HideArgument(argv, keeper::kJoinFlag);
  LimitMemory();
  // A worker that has closed its standard input is an error of one write.
  signal(SIGPIPE, SIG_IGN);
  absl::StatusOr<std::optional<AgentOptions>> parsed =
      ParseAgentOptions(argc, argv, ReadHostFacts().host_name);
  if (!parsed.ok()) {
    std::cerr << "fleet-agent: " << parsed.status().message()
              << "\nRun fleet-agent --help for what is possible.\n";
    return kExitConfig;
  }
  if (!parsed->has_value()) return 0;
  AgentOptions& options = **parsed;
  options.join_token_shown = token_shown;
  if (absl::Status s = SetUpLogging("fleet-agent", options.log_level);
      !s.ok()) {
    std::cerr << "fleet-agent: --log-level: " << s.message() << "\n";
    return kExitConfig;
  }
  if (options.check) {
    absl::Status usable = CheckController(options);
    usable.Update(ReadPolicy(options).status());
    return usable.ok() ? 0 : Fail(usable, kExitConfig);
  }
  const absl::StatusOr<std::optional<HostPolicy>> policy = ReadPolicy(options);
  if (!policy.ok()) return Fail(policy.status(), kExitConfig);
  absl::StatusOr<int> keeper_fd = KeeperFd(options);
  if (!keeper_fd.ok()) return Fail(keeper_fd.status(), kExitConfig);
  if (absl::Status s = CheckController(options); !s.ok()) {
    return Fail(s, kExitConfig);
  }
  absl::StatusOr<StateFolder> folder = StateFolder::Open(options.state_dir);
  if (!folder.ok()) return Fail(folder.status(), kExitConfig);
  std::optional<HostIdentity> identity;
  if (UsesTls(options)) {
    absl::StatusOr<HostIdentity> joined = JoinedIdentity(options, *folder);
    if (!joined.ok()) {
      return Fail(joined.status(), absl::IsFailedPrecondition(joined.status())
                                       ? kExitConfig
                                       : 1);
    }
    identity = *std::move(joined);
    options.host_name = identity->host();
  }
  absl::StatusOr<int> code =
      Run(options, *folder, policy->has_value() ? &**policy : nullptr,
          identity ? &*identity : nullptr, *keeper_fd);
  return code.ok() ? *code : Fail(code.status(), 1);
}

}  // namespace
}  // namespace fleet::agent

int main(int argc, char** argv) { return fleet::agent::Main(argc, argv); }
