#include "node_agent/socket_registry.h"

#include <algorithm>
#include <cerrno>
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

// The same, and "/<slot>".
bool SplitSocketName(std::string_view rest, std::string* app_uid,
                     std::string* key, int* slot) {
  size_t slash = rest.rfind('/');
  return slash != std::string_view::npos &&
         absl::SimpleAtoi(ToAbsl(rest.substr(slash + 1)), slot) &&
         SplitOwner(rest.substr(0, slash), app_uid, key);
}

}  // namespace

SocketRegistry::SocketRegistry(KeeperClient& keeper, std::string bind_address)
    : keeper_(keeper), bind_address_(std::move(bind_address)) {}

AddressSockets& SocketRegistry::AddressOf(const std::string& app_uid,
                                          const std::string& key) {
  return apps_[app_uid]
      .addresses.try_emplace(key, keeper_, app_uid, key)
      .first->second;
}

bool SocketRegistry::Adopt(Inventory::Held& held) {
  std::string_view name = held.name;
  std::string app_uid;
  std::string key;
  int slot = 0;
  if (name.starts_with(kSocketPrefix) &&
      SplitSocketName(name.substr(kSocketPrefix.size()), &app_uid, &key,
                      &slot)) {
    AddressOf(app_uid, key).Adopt(slot, std::move(held.fd));
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
  int slots = std::max(request.slots, request.slot + 1);
  absl::Status opened = address.Open(request.address, options, request.shared,
                                     slots, error_number);
  if (!opened.ok()) {
    if (address.empty()) app.addresses.erase(key);
    return DescribeFailure(request, opened, *error_number);
  }
  address.SetLive(app.live);
  return SlotSocket{address.FdOf(request.slot), key};
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

void SocketRegistry::SetLive(const std::string& app_uid,
                             const std::set<int>& live) {
  auto it = apps_.find(app_uid);
  if (it == apps_.end() || it->second.live == live) return;
  it->second.live = live;
  for (auto& [key, address] : it->second.addresses) address.SetLive(live);
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

int SocketRegistry::QueueLength(const std::string& app_uid, int slot) const {
  auto it = apps_.find(app_uid);
  if (it == apps_.end()) return 0;
  int length = 0;
  for (const auto& [key, address] : it->second.addresses) {
    if (!address.shared()) length += address.QueueLength(slot);
  }
  return length;
}

void SocketRegistry::Repair(const std::string& app_uid, int slot) {
  auto it = apps_.find(app_uid);
  if (it == apps_.end()) return;
  for (auto& [key, address] : it->second.addresses) address.Repair(slot);
}

void SocketRegistry::CloseSlot(const std::string& app_uid, int slot) {
  auto it = apps_.find(app_uid);
  if (it == apps_.end()) return;
  it->second.live.erase(slot);
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
