#include "controller/controller_tls.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

constexpr absl::Duration kLookPeriod = absl::Hours(1);

absl::StatusOr<CertificateAuthority> OpenAuthority(
    const std::string& folder, const std::string& certificate,
    const std::string& key, absl::Time now) {
  return certificate.empty() ? CertificateAuthority::Open(folder, now)
                             : CertificateAuthority::Load(certificate, key);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ControllerTls>> ControllerTls::Open(
    EventLoop& loop, const std::string& folder,
    const std::string& authority_certificate,
    const std::string& authority_key) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, absl::StrCat("make folder ", folder));
  }
  const absl::Time now = loop.clock().WallNow();
  ASSIGN_OR_RETURN(
      CertificateAuthority authority,
      OpenAuthority(folder, authority_certificate, authority_key, now));
  std::unique_ptr<ControllerTls> tls(
      new ControllerTls(loop, folder, std::move(authority)));
  RETURN_IF_ERROR(tls->certificate_.Renew(now));
  spdlog::info("tls folder={} authority pin={}", folder, tls->authority_.pin());
  tls->LookLater();
  return tls;
}

ControllerTls::ControllerTls(EventLoop& loop, const std::string& folder,
                             CertificateAuthority authority)
    : loop_(loop),
      authority_(std::move(authority)),
      certificate_(folder, authority_),
      files_(certificate_.files()) {}

ControllerTls::~ControllerTls() { loop_.CancelTimer(timer_); }

void ControllerTls::Look() {
  absl::Status renewed = certificate_.Renew(loop_.clock().WallNow());
  if (!renewed.ok()) {
    spdlog::error("server certificate: {}", ToStd(renewed.message()));
  }
}

void ControllerTls::LookLater() {
  timer_ = loop_.AddTimerAfter(kLookPeriod, [this] {
    Look();
    LookLater();
  });
}

}  // namespace fleet::controller
