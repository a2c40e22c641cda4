#include "node_agent/pending_handshakes.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>

#include "node_agent/unique_fd.h"

namespace fleet::agent {
namespace {

constexpr size_t kMaxListed = 4096;
constexpr size_t kAnswerBytes = 32 << 10;

struct TableRequest {
  nlmsghdr header;
  inet_diag_req_v2 query;
};

bool Ask(int netlink, int family) {
  TableRequest request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.query.sdiag_family = static_cast<__u8>(family);
  request.query.sdiag_protocol = IPPROTO_TCP;
  request.query.idiag_states = 1U << TCP_SYN_RECV;
  return send(netlink, &request, sizeof request, 0) >= 0;
}

// True: there is more to come.
bool Take(const char* bytes, size_t size, PendingHandshakes::Set& found) {
  const auto* header = reinterpret_cast<const nlmsghdr*>(bytes);
  for (; NLMSG_OK(header, size); header = NLMSG_NEXT(header, size)) {
    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY) return false;
    const auto* one = static_cast<const inet_diag_msg*>(NLMSG_DATA(header));
    const auto* ends = reinterpret_cast<const char*>(&one->id);
    found.emplace(ntohs(one->id.idiag_sport),
                  std::string(ends, offsetof(inet_diag_sockid, idiag_if)));
    if (found.size() >= kMaxListed) return false;
  }
  return true;
}

void Look(int family, PendingHandshakes::Set& found) {
  // A descriptor of its own: what is left of a dump goes with it.
  UniqueFd netlink(
      socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!netlink.valid() || !Ask(netlink.get(), family)) return;
  alignas(nlmsghdr) std::array<char, kAnswerBytes> answer;
  for (;;) {
    ssize_t n = recv(netlink.get(), answer.data(), answer.size(), 0);
    if (n <= 0 || !Take(answer.data(), static_cast<size_t>(n), found)) return;
  }
}

}  // namespace

const PendingHandshakes::Set& PendingHandshakes::List(absl::Time since) {
  if (looked_ >= since) return found_;
  looked_ = clock_.Now();
  found_.clear();
  Look(AF_INET, found_);
  Look(AF_INET6, found_);
  return found_;
}

}  // namespace fleet::agent
