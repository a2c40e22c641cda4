#include "node_agent/port_owner.h"

#include <dirent.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr size_t kMaxCommandBytes = 60;

std::string ReadTable(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string DescribeProcess(int pid) {
  std::string command = ReadTable(absl::StrCat("/proc/", pid, "/cmdline"));
  for (char& c : command) {
    if (c == '\0') c = ' ';
  }
  while (!command.empty() && command.back() == ' ') command.pop_back();
  if (command.size() > kMaxCommandBytes) {
    command.resize(kMaxCommandBytes);
    command += "…";
  }
  return absl::StrCat("pid ", pid, " (", command, ")");
}

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

bool Overlaps(absl::string_view row, const std::string& hex) {
  return hex.empty() || row == hex ||
         row.find_first_not_of('0') == absl::string_view::npos;
}

// As /proc/net writes it: each 32-bit word in this machine's byte order.
std::string HexOf(const std::string& host) {
  auto name = MakeInetAddress(host, 0, AF_UNSPEC);
  if (host.empty() || !name.ok()) return "";
  if (name->family() == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(name->get());
    return absl::StrFormat("%08X", v4->sin_addr.s_addr);
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(name->get());
  std::string hex;
  for (size_t i = 0; i < sizeof v6->sin6_addr; i += sizeof(uint32_t)) {
    uint32_t word = 0;
    std::memcpy(&word, &v6->sin6_addr.s6_addr[i], sizeof word);
    absl::StrAppend(&hex, absl::StrFormat("%08X", word));
  }
  return hex;
}

int FindSocketHolder(uint64_t inode) {
  Directory proc(opendir("/proc"), closedir);
  if (proc == nullptr) return 0;
  while (dirent* entry = readdir(proc.get())) {
    int pid = std::atoi(entry->d_name);
    if (pid > 0 && ProcessHasSocket(pid, inode)) return pid;
  }
  return 0;
}

std::string DescribeUnixOwner(const std::string& path) {
  std::string table = ReadTable("/proc/net/unix");
  for (absl::string_view line : absl::StrSplit(table, '\n')) {
    std::vector<std::string> f =
        absl::StrSplit(line, ' ', absl::SkipWhitespace());
    uint64_t inode = 0;
    if (f.size() < 8 || f[7] != path || !absl::SimpleAtoi(f[6], &inode)) {
      continue;
    }
    int pid = FindSocketHolder(inode);
    if (pid > 0) return DescribeProcess(pid);
  }
  return "";
}

}  // namespace

std::vector<uint64_t> SocketInodesOnPort(std::string_view table, int port,
                                         const std::string& hex, bool udp) {
  std::vector<uint64_t> inodes;
  for (absl::string_view line : absl::StrSplit(ToAbsl(table), '\n')) {
    // sl local_address rem_address st tx:rx tr:when retr uid timeout inode
    std::vector<absl::string_view> f =
        absl::StrSplit(line, ' ', absl::SkipWhitespace());
    if (f.size() < 10 || (!udp && f[3] != "0A")) continue;
    std::vector<absl::string_view> local = absl::StrSplit(f[1], ':');
    uint32_t at = 0;
    uint64_t inode = 0;
    if (local.size() == 2 && Overlaps(local[0], hex) &&
        absl::SimpleHexAtoi(local[1], &at) &&
        at == static_cast<uint32_t>(port) && absl::SimpleAtoi(f[9], &inode) &&
        inode != 0) {
      inodes.push_back(inode);
    }
  }
  return inodes;
}

bool ProcessHasSocket(int pid, uint64_t inode) {
  std::string folder = absl::StrCat("/proc/", pid, "/fd");
  Directory fds(opendir(folder.c_str()), closedir);
  if (fds == nullptr) return false;
  std::string wanted = absl::StrCat("socket:[", inode, "]");
  std::array<char, 64> target{};
  while (dirent* entry = readdir(fds.get())) {
    ssize_t n = readlinkat(dirfd(fds.get()), entry->d_name, target.data(),
                           target.size());
    if (n > 0 &&
        wanted == std::string_view(target.data(), static_cast<size_t>(n))) {
      return true;
    }
  }
  return false;
}

std::string DescribePortOwner(const ListenAddress& address) {
  if (address.kind == ListenAddress::Kind::kUnix) {
    return DescribeUnixOwner(address.path);
  }
  bool udp = address.kind == ListenAddress::Kind::kUdp;
  bool seen = false;
  std::string hex = HexOf(address.host);
  for (const char* file : {udp ? "/proc/net/udp" : "/proc/net/tcp",
                           udp ? "/proc/net/udp6" : "/proc/net/tcp6"}) {
    for (uint64_t inode :
         SocketInodesOnPort(ReadTable(file), address.port, hex, udp)) {
      seen = true;
      int pid = FindSocketHolder(inode);
      if (pid > 0) return DescribeProcess(pid);
    }
  }
  return seen ? "another process (which one is not visible to this user)" : "";
}

}  // namespace fleet::agent
