#include "node_agent/node_cluster.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fleet::agent {
namespace {

// libuv's UV_TCP_IPV6ONLY and UV_UDP_IPV6ONLY, UV_UDP_REUSEADDR.
constexpr int kIpv6Only = 1;
constexpr int kUdpReuseAddress = 4;
constexpr size_t kMaxOpen = 256;

std::vector<std::pair<std::string, std::string>> SplitPairs(
    const std::string& text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    std::pair<std::string, std::string> pair =
        absl::StrSplit(line, absl::MaxSplits('\t', 1));
    if (!pair.first.empty()) pairs.push_back(std::move(pair));
  }
  return pairs;
}

std::string JoinPairs(const std::map<std::string, std::string>& pairs) {
  std::string text;
  for (const auto& [first, second] : pairs) {
    absl::StrAppend(&text, first, "\t", second, "\n");
  }
  return text;
}

}  // namespace

NodeSharedData::NodeSharedData(HeldNote note) : note_(std::move(note)) {
  for (auto& [key, value] : SplitPairs(note_.text())) data_[key] = value;
}

std::string NodeSharedData::Share(const std::string& key,
                                  const std::string& own) {
  auto it = data_.find(key);
  if (it != data_.end()) return it->second;
  if (own.empty()) return own;
  data_[key] = own;
  if (!note_.Write(JoinPairs(data_))) data_.erase(key);
  return own;
}

NodeCluster::NodeCluster(Host& host, NodeSharedData& data)
    : host_(host), data_(data) {}

void NodeCluster::OnMessage(const NodeMessage& message) {
  switch (message.kind) {
    case NodeMessage::Kind::kQueryServer:
      OnQuery(message);
      return;
    case NodeMessage::Kind::kListening:
      listening_ = true;
      return;
    case NodeMessage::Kind::kClose:
      open_.erase(message.key);
      return;
    case NodeMessage::Kind::kExitedAfterDisconnect:
      disconnecting_ = true;
      host_.SendToWorker(NodeAck(message.seq, next_seq_++), -1);
      return;
    case NodeMessage::Kind::kReady:
    case NodeMessage::Kind::kOnline:
    case NodeMessage::Kind::kHandle:
    case NodeMessage::Kind::kHandleAck:
    case NodeMessage::Kind::kHandleNack:
    case NodeMessage::Kind::kDraining:
    case NodeMessage::Kind::kLoop:
    case NodeMessage::Kind::kOtherInternal:
    case NodeMessage::Kind::kAction:
    case NodeMessage::Kind::kActionReply:
    case NodeMessage::Kind::kMetrics:
    case NodeMessage::Kind::kApp:
      return;
  }
}

void NodeCluster::SendDisconnect() {
  disconnecting_ = true;
  host_.SendToWorker(NodeDisconnect(next_seq_++), -1);
}

absl::StatusOr<ListenAddress> NodeCluster::AddressOf(const NodeQuery& query) {
  if (query.fd >= 0) return host_.DeclaredAddress(query.fd);
  ListenAddress address;
  std::string host = query.address.value_or("");
  if (!query.udp && (query.port < 0 || query.address_type < 0)) {
    address.kind = ListenAddress::Kind::kUnix;
    // An abstract name begins with NUL.
    if (!host.empty() && host[0] == '\0') host[0] = '@';
    address.path = host;
    return address;
  }
  address.kind =
      query.udp ? ListenAddress::Kind::kUdp : ListenAddress::Kind::kTcp;
  address.port = query.port;
  address.index = query.port == 0 ? query.index : 0;
  address.ipv6_only = (query.flags & kIpv6Only) != 0;
  address.reuse_address = query.udp && (query.flags & kUdpReuseAddress) != 0;
  if (!IsWildcardHost(host)) {
    address.host = host;
    return address;
  }
  // No address at all means :: for TCP, and what the socket's kind says
  // for UDP.
  bool any = host.empty() && !query.udp;
  address.ipv4_only = !any && query.address_type == 4;
  return address;
}

void NodeCluster::OnQuery(const NodeMessage& message) {
  const NodeQuery& query = message.query;
  auto address = AddressOf(query);
  if (!address.ok()) return Refuse(message, "", EBADF, address.status());
  std::string key = absl::StrCat(address->Key(), "|", query.index);
  int error_number = EINVAL;
  auto opened = host_.OpenSocket(*address, &error_number);
  if (!opened.ok()) {
    return Refuse(message, key, error_number, opened.status());
  }
  bool twice = !address->reuse_address &&
               std::any_of(open_.begin(), open_.end(), [&](const auto& entry) {
                 return entry.second == opened->key && entry.first != key;
               });
  if (twice || open_.size() >= kMaxOpen) {
    return Refuse(message, key, twice ? EADDRINUSE : EMFILE,
                  absl::AlreadyExistsError(absl::StrCat(
                      "the worker listens on ", address->Display(),
                      twice ? " already" : ": it has 256 addresses already")));
  }
  open_[key] = opened->key;
  host_.SendToWorker(
      NodeHandleReply(query.udp, key, message.seq,
                      data_.Share(opened->key, query.data), next_seq_++),
      opened->fd);
}

void NodeCluster::Refuse(const NodeMessage& message, const std::string& key,
                         int error_number, const absl::Status& why) {
  host_.OnSocketRefused(why);
  host_.SendToWorker(
      NodeErrorReply(error_number, key, message.seq, next_seq_++), -1);
}

std::set<std::string> NodeCluster::OpenAddresses() const {
  std::set<std::string> addresses;
  for (const auto& [key, address] : open_) addresses.insert(address);
  return addresses;
}

std::string NodeCluster::ToText() const { return JoinPairs(open_); }

void NodeCluster::FromText(const std::string& text) {
  open_.clear();
  for (auto& [key, address] : SplitPairs(text)) open_[key] = address;
  listening_ = !open_.empty();
}

}  // namespace fleet::agent
