#include "controller/controller_tls.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

constexpr absl::Duration kLongestLookPeriod = absl::Hours(1);
constexpr int kLooksInALife = 20;

absl::StatusOr<CertificateAuthority> OpenAuthority(
    const std::string& folder, const std::string& certificate,
    const std::string& key, absl::Time now) {
  return certificate.empty() ? CertificateAuthority::Open(folder, now)
                             : CertificateAuthority::Load(certificate, key);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ControllerTls>> ControllerTls::Open(
    EventLoop& loop, const std::string& folder,
    const std::string& authority_certificate, const std::string& authority_key,
    absl::Duration server_lifetime) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, absl::StrCat("make folder ", folder));
  }
  const absl::Time now = loop.clock().WallNow();
  ASSIGN_OR_RETURN(
      CertificateAuthority authority,
      OpenAuthority(folder, authority_certificate, authority_key, now));
  std::unique_ptr<ControllerTls> tls(
      new ControllerTls(loop, folder, std::move(authority), server_lifetime));
  RETURN_IF_ERROR(tls->certificate_.Renew(now));
  spdlog::info("tls folder={} authority pin={}", folder, tls->authority_.pin());
  tls->LookLater();
  return tls;
}

ControllerTls::ControllerTls(EventLoop& loop, const std::string& folder,
                             CertificateAuthority authority,
                             absl::Duration server_lifetime)
    : loop_(loop),
      look_period_(
          std::min(kLongestLookPeriod, server_lifetime / kLooksInALife)),
      authority_(std::move(authority)),
      certificate_(folder, authority_, server_lifetime),
      files_(certificate_.files()) {}

ControllerTls::~ControllerTls() { loop_.CancelTimer(timer_); }

void ControllerTls::Look() {
  absl::Status renewed = certificate_.Renew(loop_.clock().WallNow());
  if (!renewed.ok()) {
    spdlog::error("server certificate: {}", ToStd(renewed.message()));
  }
}

void ControllerTls::LookLater() {
  timer_ = loop_.AddTimerAfter(look_period_, [this] {
    Look();
    LookLater();
  });
}

}  // namespace fleet::controller
