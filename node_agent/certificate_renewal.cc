#include "node_agent/certificate_renewal.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr absl::Duration kLookPeriod = absl::Minutes(1);

}  // namespace

CertificateRenewal::CertificateRenewal(EventLoop& loop, HostIdentity& identity,
                                       Address controller)
    : loop_(loop), identity_(identity), controller_(std::move(controller)) {
  LookAt(absl::ZeroDuration());
}

CertificateRenewal::~CertificateRenewal() {
  *alive_ = false;
  loop_.CancelTimer(timer_);
  if (request_.joinable()) request_.join();
}

void CertificateRenewal::LookAt(absl::Duration delay) {
  timer_ = loop_.AddTimerAfter(delay, [this] { Look(); });
}

// When it is time, or in a minute: the calendar may be set meanwhile.
void CertificateRenewal::Look() {
  const absl::Duration left = identity_.renew_at() - loop_.clock().WallNow();
  if (left > absl::ZeroDuration()) {
    return LookAt(std::min(left, kLookPeriod));
  }
  request_ = std::thread([this, alive = alive_] {
    absl::Status status = identity_.Renew(controller_);
    loop_.Post([this, alive, status] {
      if (*alive) OnAnswer(status);
    });
  });
}

void CertificateRenewal::OnAnswer(const absl::Status& status) {
  request_.join();
  if (status.ok()) {
    spdlog::info("the certificate of host {} is renewed", identity_.host());
  } else {
    spdlog::warn("the certificate of host {} could not be renewed: {}",
                 identity_.host(), ToStd(status.message()));
  }
  LookAt(status.ok() ? absl::ZeroDuration() : identity_.retry_after());
}

}  // namespace fleet::agent
