#include "node_agent/socket_registry.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "node_agent/port_owner.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr size_t kMaxAddresses = 256;
constexpr std::string_view kSocketPrefix = "sock/";
constexpr std::string_view kOrderPrefix = "order/";

// "<app uid>/<address>": only the address may hold a slash.
bool SplitOwner(std::string_view rest, std::string* app_uid, std::string* key) {
  size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return false;
  *app_uid = std::string(rest.substr(0, slash));
  *key = std::string(rest.substr(slash + 1));
  return !app_uid->empty() && !key->empty();
}

// The same, and "/<slot and lane>".
std::optional<SlotLane> SplitSocketName(std::string_view rest,
                                        std::string* app_uid,
                                        std::string* key) {
  size_t slash = rest.rfind('/');
  if (slash == std::string_view::npos ||
      !SplitOwner(rest.substr(0, slash), app_uid, key)) {
    return std::nullopt;
  }
  return SlotLane::FromText(rest.substr(slash + 1));
}

}  // namespace

SocketRegistry::SocketRegistry(EventLoop& loop, KeeperClient& keeper,
                               std::string bind_address)
    : relay_(loop),
      around_{loop, keeper, relay_},
      bind_address_(std::move(bind_address)) {}

AddressSockets& SocketRegistry::AddressOf(const std::string& app_uid,
                                          const std::string& key) {
  return apps_[app_uid]
      .addresses.try_emplace(key, around_, app_uid, key)
      .first->second;
}

bool SocketRegistry::Adopt(Inventory::Held& held) {
  std::string_view name = held.name;
  std::string app_uid;
  std::string key;
  if (name.starts_with(kSocketPrefix)) {
    auto at =
        SplitSocketName(name.substr(kSocketPrefix.size()), &app_uid, &key);
    if (!at.has_value()) return false;
    AddressOf(app_uid, key).Adopt(*at, std::move(held.fd));
    return true;
  }
  if (name.starts_with(kOrderPrefix) &&
      SplitOwner(name.substr(kOrderPrefix.size()), &app_uid, &key)) {
    AddressOf(app_uid, key).AdoptOrder(std::move(held.fd));
    return true;
  }
  return false;
}

void SocketRegistry::FinishAdopt() {
  for (auto& [uid, app] : apps_) {
    for (auto& [key, address] : app.addresses) address.FinishAdopt();
    std::erase_if(app.addresses,
                  [](const auto& entry) { return entry.second.empty(); });
  }
}

void SocketRegistry::NameApp(const std::string& app_uid,
                             const std::string& name) {
  apps_[app_uid].name = name;
}

std::string SocketRegistry::KeyOf(const App& app,
                                  const ListenAddress& address) const {
  std::string key = address.Key();
  bool inet = address.kind != ListenAddress::Kind::kUnix;
  if (!inet || address.port == 0 || app.addresses.contains(key)) return key;
  ListenAddress any = address;
  any.port = 0;
  std::string prefix = any.Key();
  prefix.resize(prefix.rfind('#') + 1);
  for (const auto& [other, sockets] : app.addresses) {
    if (other.starts_with(prefix) && sockets.port() == address.port) {
      return other;
    }
  }
  return key;
}

absl::StatusOr<SlotSocket> SocketRegistry::Open(const OpenRequest& request,
                                                int* error_number) {
  App& app = apps_[request.app_uid];
  app.name = request.app;
  std::string key = KeyOf(app, request.address);
  if (app.addresses.size() >= kMaxAddresses && !app.addresses.contains(key)) {
    *error_number = EMFILE;
    return absl::ResourceExhaustedError(
        absl::StrCat("app ", request.app, " cannot listen on ",
                     request.address.Display(), ": it has ", kMaxAddresses,
                     " addresses already, the most an app may have"));
  }
  AddressSockets& address = AddressOf(request.app_uid, key);
  OpenOptions options;
  options.bind_address = bind_address_;
  options.uid = request.uid;
  options.gid = request.gid;
  absl::Status opened = address.Open(request.address, options, request.shared,
                                     request.slots, request.at, error_number);
  if (!opened.ok()) {
    if (address.empty()) app.addresses.erase(key);
    return DescribeFailure(request, opened, *error_number);
  }
  address.SetPlan(app.plan);
  return SlotSocket{address.FdOf(request.at), key};
}

absl::Status SocketRegistry::DescribeFailure(const OpenRequest& request,
                                             const absl::Status& status,
                                             int error_number) const {
  std::string context = absl::StrCat("app ", request.app);
  if (error_number == EACCES &&
      request.address.kind != ListenAddress::Kind::kUnix) {
    context += ": ports below 1024 need root or CAP_NET_BIND_SERVICE";
  }
  if (error_number != EADDRINUSE) return Annotate(status, context);
  ListenAddress at = request.address;
  if (at.wildcard()) at.host = bind_address_;
  std::string owner = OwnerAmongApps(request.app_uid, at);
  if (owner.empty()) owner = DescribePortOwner(at);
  return absl::AlreadyExistsError(
      absl::StrCat(context, ": cannot listen on ", at.Display(), ": ",
                   owner.empty() ? "the address is in use"
                                 : absl::StrCat("in use by ", owner),
                   "; stop that one or give one of them another port"));
}

std::string SocketRegistry::OwnerAmongApps(const std::string& app_uid,
                                           const ListenAddress& wanted) const {
  for (const auto& [uid, app] : apps_) {
    for (const auto& [key, address] : app.addresses) {
      if (!address.Overlaps(wanted)) continue;
      return uid == app_uid
                 ? absl::StrCat("this app's own ", key)
                 : absl::StrCat("app ", app.name.empty() ? uid : app.name);
    }
  }
  return "";
}

void SocketRegistry::OpenLane(const std::string& app_uid, SlotLane at) {
  auto it = apps_.find(app_uid);
  if (it == apps_.end()) return;
  for (auto& [key, address] : it->second.addresses) {
    if (address.empty()) continue;
    int error_number = 0;
    // A failure shows when the worker asks for it.
    address
        .Open(ListenAddress(), OpenOptions(), /*shared=*/false, /*slots=*/0, at,
              &error_number)
        .IgnoreError();
  }
}

void SocketRegistry::SetPlan(const std::string& app_uid, const LanePlan& plan) {
  auto it = apps_.find(app_uid);
  if (it == apps_.end() || it->second.plan == plan) return;
  it->second.plan = plan;
  for (auto& [key, address] : it->second.addresses) address.SetPlan(plan);
}

AddressSockets* SocketRegistry::FindPort(const std::string& app_uid, int port) {
  auto it = apps_.find(app_uid);
  if (it == apps_.end()) return nullptr;
  for (auto& [key, address] : it->second.addresses) {
    if (!address.udp() && address.port() == port) return &address;
  }
  return nullptr;
}

std::vector<std::string> SocketRegistry::Keys(
    const std::string& app_uid) const {
  std::vector<std::string> keys;
  auto it = apps_.find(app_uid);
  if (it == apps_.end()) return keys;
  for (const auto& [key, address] : it->second.addresses) keys.push_back(key);
  return keys;
}

bool SocketRegistry::HasSockets(const std::string& app_uid) const {
  auto it = apps_.find(app_uid);
  return it != apps_.end() && !it->second.addresses.empty();
}

bool SocketRegistry::HasSlotSockets(const std::string& app_uid) const {
  auto it = apps_.find(app_uid);
  return it != apps_.end() &&
         std::any_of(it->second.addresses.begin(), it->second.addresses.end(),
                     [](const auto& entry) { return !entry.second.shared(); });
}

std::set<int> SocketRegistry::SlotPorts(const std::string& app_uid) const {
  std::set<int> ports;
  auto it = apps_.find(app_uid);
  if (it == apps_.end()) return ports;
  for (const auto& [key, address] : it->second.addresses) {
    if (!address.shared() && !address.udp()) ports.insert(address.port());
  }
  return ports;
}

int SocketRegistry::QueueLength(const std::string& app_uid, SlotLane at) const {
  auto it = apps_.find(app_uid);
  if (it == apps_.end()) return 0;
  int length = 0;
  for (const auto& [key, address] : it->second.addresses) {
    if (!address.shared()) length += address.QueueLength(at);
  }
  return length;
}

void SocketRegistry::Repair(const std::string& app_uid, SlotLane at) {
  auto it = apps_.find(app_uid);
  if (it == apps_.end()) return;
  for (auto& [key, address] : it->second.addresses) address.Repair(at);
}

void SocketRegistry::CloseSlot(const std::string& app_uid, int slot) {
  auto it = apps_.find(app_uid);
  if (it == apps_.end()) return;
  LanePlan& plan = it->second.plan;
  std::erase_if(plan.serving, [slot](SlotLane at) { return at.slot == slot; });
  plan.home.erase(slot);
  for (auto& [key, address] : it->second.addresses) {
    if (!address.shared()) address.Close(slot);
  }
  std::erase_if(it->second.addresses,
                [](const auto& entry) { return entry.second.empty(); });
}

void SocketRegistry::CloseAddress(const std::string& app_uid,
                                  const std::string& key) {
  auto it = apps_.find(app_uid);
  if (it == apps_.end()) return;
  auto address = it->second.addresses.find(key);
  if (address == it->second.addresses.end()) return;
  address->second.CloseAll();
  it->second.addresses.erase(address);
}

void SocketRegistry::CloseApp(const std::string& app_uid) {
  for (const std::string& key : Keys(app_uid)) CloseAddress(app_uid, key);
  apps_.erase(app_uid);
}

}  // namespace fleet::agent
