// What the probes of a spec may hold.
#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/app_probes.h"
#include "proto/rpc/violations.h"

namespace fleet {
namespace {

constexpr int kMaxThreshold = 100;
constexpr size_t kMaxText = 4095;
constexpr size_t kMaxWords = 64;
constexpr absl::Duration kDay = absl::Hours(24);
constexpr absl::Duration kShortest = absl::Milliseconds(1);

// Can stand in a request's line.
bool IsPlain(const std::string& text) {
  return text.size() <= kMaxText &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_iscntrl(c) || c == ' ';
         });
}

void CheckHttp(const std::string& prefix, const HttpProbe& http,
               Violations& v) {
  v.Range(prefix + "http.port", http.port, 1, 65535);
  v.Require(
      absl::StartsWith(http.path, "/") && IsPlain(http.path),
      prefix + "http.path",
      absl::StrCat(Quoted(http.path), " must start with / and have no space"));
  v.Require(http.status == 0 || (http.status >= 100 && http.status <= 599),
            prefix + "http.status",
            absl::StrCat(http.status,
                         " must be 100 to 599, or 0 for any of 200 to 399"));
}

void CheckExec(const std::string& prefix, const ExecProbe& exec,
               Violations& v) {
  const std::string field = prefix + "exec.command";
  v.Require(!exec.command.empty() && !exec.command[0].empty(), field,
            "it is missing, name a program and its arguments");
  v.Require(exec.command.size() <= kMaxWords, field,
            "there are more than 64 words");
  for (const std::string& word : exec.command) {
    v.Require(word.size() <= kMaxText && !HasNul(word), field,
              "each word must have at most 4,095 bytes and no NUL");
  }
}

// What readiness and liveness have in common; `prefix` ends with a dot.
template <typename Probes>
void CheckProbes(const std::string& prefix, const Probes& probes,
                 Violations& v) {
  if (probes.http.has_value()) CheckHttp(prefix, *probes.http, v);
  if (probes.tcp.has_value()) {
    v.Range(prefix + "tcp.port", probes.tcp->port, 1, 65535);
  }
  if (probes.grpc.has_value()) {
    v.Range(prefix + "grpc.port", probes.grpc->port, 1, 65535);
    v.Require(IsPlain(probes.grpc->service), prefix + "grpc.service",
              absl::StrCat(Quoted(probes.grpc->service),
                           " must be a service's name, without spaces"));
  }
  if (probes.exec.has_value()) CheckExec(prefix, *probes.exec, v);
  v.Range(prefix + "probe_timeout", probes.probe_timeout, kShortest,
          absl::Minutes(10));
  v.Range(prefix + "initial_delay", probes.initial_delay, absl::ZeroDuration(),
          kDay);
  v.Range(prefix + "success_threshold", probes.success_threshold, 1,
          kMaxThreshold);
  v.Range(prefix + "failure_threshold", probes.failure_threshold, 1,
          kMaxThreshold);
}

}  // namespace

void CheckReadiness(const ReadinessGate& gate, Violations& v) {
  CheckProbes("readiness.", gate, v);
  v.Range("readiness.timeout", gate.timeout, kShortest, kDay);
  v.Range("readiness.interval", gate.interval, absl::ZeroDuration(), kDay);
  v.Require(
      gate.initial_delay < gate.timeout ||
          gate.initial_delay == absl::ZeroDuration(),
      "readiness.initial_delay",
      "it must be shorter than readiness.timeout, or no worker gets ready");
}

void CheckLiveness(const Liveness& liveness, Violations& v) {
  CheckProbes("liveness.", liveness, v);
  v.Range("liveness.interval", liveness.interval, absl::Milliseconds(10), kDay);
  if (liveness.watchdog != absl::ZeroDuration()) {
    v.Range("liveness.watchdog", liveness.watchdog, absl::Milliseconds(100),
            kDay);
  }
}

}  // namespace fleet
