// The controller's certificates, kept fresh.
#ifndef FLEET_CONTROLLER_CONTROLLER_TLS_H_
#define FLEET_CONTROLLER_CONTROLLER_TLS_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "controller/access/certificate_authority.h"
#include "controller/access/server_certificate.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/tls_files.h"

namespace fleet::controller {

// Opens or makes the authority and the server's certificate in a folder of its
// own (mode 0700), and looks every hour, or ten times within half of its life,
// whether the latter must be renewed. Loop thread only.
class ControllerTls {
 public:
  // The user's own authority, or (both empty) the one in `folder`.
  static absl::StatusOr<std::unique_ptr<ControllerTls>> Open(
      EventLoop& loop, const std::string& folder,
      const std::string& authority_certificate,
      const std::string& authority_key, absl::Duration server_lifetime);
  ~ControllerTls();
  ControllerTls(const ControllerTls&) = delete;
  ControllerTls& operator=(const ControllerTls&) = delete;

  // Renews the server's certificate if it is time, or if it is not there.
  void Look();

  const CertificateAuthority& authority() const { return authority_; }
  const std::optional<TlsFiles>& files() const { return files_; }

 private:
  ControllerTls(EventLoop& loop, const std::string& folder,
                CertificateAuthority authority, absl::Duration server_lifetime);

  void LookLater();

  EventLoop& loop_;
  const absl::Duration look_period_;
  CertificateAuthority authority_;
  ServerCertificate certificate_;
  std::optional<TlsFiles> files_;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_CONTROLLER_TLS_H_
