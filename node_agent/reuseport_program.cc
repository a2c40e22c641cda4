#include "node_agent/reuseport_program.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr size_t kMaxPins = 64;
constexpr uint32_t kNoIndex = 0xffffffff;
constexpr uint32_t kVersionMask = 0xf0;
constexpr uint32_t kVersion4 = 0x40;
// Where the source port is, from the start of an IP header without options.
constexpr uint32_t kPortAfterIpv4 = 20;
constexpr uint32_t kPortAfterIpv6 = 40;

uint32_t Ancillary(int offset) {
  return static_cast<uint32_t>(SKF_AD_OFF + offset);
}
uint32_t NetworkHeader(uint32_t offset) {
  return static_cast<uint32_t>(SKF_NET_OFF) + offset;
}

sock_filter Statement(int code, uint32_t k) {
  return sock_filter{static_cast<uint16_t>(code), 0, 0, k};
}
sock_filter Jump(int code, uint32_t k, uint8_t yes, uint8_t no) {
  return sock_filter{static_cast<uint16_t>(code), yes, no, k};
}
sock_filter Return(uint32_t index) { return Statement(BPF_RET | BPF_K, index); }

void AppendPins(const std::vector<ReuseportChoice::Pin>& pins,
                std::vector<sock_filter>& program) {
  program.push_back(Statement(BPF_LD | BPF_B | BPF_ABS, NetworkHeader(0)));
  program.push_back(Statement(BPF_ALU | BPF_AND | BPF_K, kVersionMask));
  program.push_back(Jump(BPF_JMP | BPF_JEQ | BPF_K, kVersion4, 0, 2));
  program.push_back(
      Statement(BPF_LD | BPF_H | BPF_ABS, NetworkHeader(kPortAfterIpv4)));
  program.push_back(Statement(BPF_JMP | BPF_JA, 1));
  program.push_back(
      Statement(BPF_LD | BPF_H | BPF_ABS, NetworkHeader(kPortAfterIpv6)));
  size_t count = std::min(pins.size(), kMaxPins);
  for (size_t i = 0; i < count; ++i) {
    program.push_back(
        Jump(BPF_JMP | BPF_JEQ | BPF_K, pins[i].source_port, 0, 1));
    program.push_back(Return(static_cast<uint32_t>(pins[i].index)));
  }
}

// Maps 0 … n-1 in the accumulator to the n indices.
void AppendMapping(const std::vector<int>& live,
                   std::vector<sock_filter>& program) {
  size_t begin = 0;
  while (begin < live.size()) {
    size_t end = begin + 1;
    while (end < live.size() && live[end] == live[end - 1] + 1) ++end;
    uint32_t shift =
        static_cast<uint32_t>(live[begin]) - static_cast<uint32_t>(begin);
    program.push_back(
        Jump(BPF_JMP | BPF_JGE | BPF_K, static_cast<uint32_t>(end), 2, 0));
    program.push_back(Statement(BPF_ALU | BPF_ADD | BPF_K, shift));
    program.push_back(Statement(BPF_RET | BPF_A, 0));
    begin = end;
  }
}

}  // namespace

std::vector<sock_filter> BuildReuseportProgram(const ReuseportChoice& choice) {
  std::vector<sock_filter> program;
  if (!choice.pins.empty()) AppendPins(choice.pins, program);
  if (!choice.live.empty()) {
    int source = choice.by_flow ? SKF_AD_RXHASH : SKF_AD_RANDOM;
    program.push_back(Statement(BPF_LD | BPF_W | BPF_ABS, Ancillary(source)));
    program.push_back(Statement(BPF_ALU | BPF_MOD | BPF_K,
                                static_cast<uint32_t>(choice.live.size())));
    AppendMapping(choice.live, program);
  }
  // No socket has it: the kernel hashes over all of them.
  program.push_back(Return(kNoIndex));
  return program;
}

absl::Status AttachReuseportProgram(int fd, const ReuseportChoice& choice) {
  std::vector<sock_filter> program = BuildReuseportProgram(choice);
  sock_fprog wrapped{static_cast<uint16_t>(program.size()), program.data()};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &wrapped,
                 sizeof wrapped) != 0) {
    return ErrnoStatus(errno, "cannot attach the program of a port's sockets");
  }
  return absl::OkStatus();
}

}  // namespace fleet::agent
