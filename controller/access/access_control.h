// Whether a call may be made.
#ifndef FLEET_CONTROLLER_ACCESS_ACCESS_CONTROL_H_
#define FLEET_CONTROLLER_ACCESS_ACCESS_CONTROL_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/access/host_certificates.h"
#include "controller/access/method_permission.h"
#include "controller/access/token_registry.h"
#include "controller/access/trusted_issuers.h"
#include "proto/rpc/identity.h"

namespace fleet::controller {

// What access control must know of the fleet to judge a limited role.
class AccessFacts {
 public:
  virtual ~AccessFacts() = default;
  // The app of a rollout, by its uid or the app's name; "" when there is none.
  virtual std::string AppOfRollout(const std::string& name) const = 0;
  // Hosts of `app` that all selectors pick; none for an app that is not known.
  virtual std::vector<std::string> HostsOf(
      const std::string& app,
      const std::vector<std::string>& selectors) const = 0;
  // Hosts of the fleet that it picks.
  virtual std::vector<std::string> Matching(
      const std::string& selector) const = 0;
  // Those of `hosts` that the selector does not match.
  virtual std::vector<std::string> Outside(
      const std::vector<std::string>& hosts,
      const std::string& selector) const = 0;
};

// Decides by the role, which the caller's token, certificate or socket gives,
// and the method's own option (fleet/v1/permission.proto). What is not allowed
// is denied. Loop thread only.
class AccessControl {
 public:
  // All outlive it; `issuers` may be null: no other issuer is trusted.
  AccessControl(TokenRegistry& tokens, const HostCertificates& certificates,
                const AccessFacts& facts, TrustedIssuers* issuers = nullptr)
      : tokens_(tokens),
        certificates_(certificates),
        facts_(facts),
        issuers_(issuers) {}

  // Who calls, with role and limits.
  // UNAUTHENTICATED: what was brought proves nothing (reason TOKEN_INVALID,
  // CERTIFICATE_INVALID, HOST_REVOKED or UNIDENTIFIED).
  absl::StatusOr<Identity> Identify(const CallCredentials& credentials);

  // PERMISSION_DENIED, reason ROLE_TOO_LOW or OUT_OF_SCOPE, says what is
  // missing; UNAUTHENTICATED as Identify.
  absl::StatusOr<Identity> Admit(const CallCredentials& credentials,
                                 std::string_view method,
                                 const google::protobuf::Message& request);

  // Whether what proved the caller is still good; UNAUTHENTICATED with
  // TOKEN_INVALID otherwise.
  absl::Status Recheck(const Identity& caller) const;

 private:
  absl::StatusOr<Identity> IdentifyBearer(const CallCredentials& credentials);
  bool IsRevoked(const Identity& issued) const;
  absl::Status CheckRole(const Identity& caller, std::string_view method,
                         v1::Role needed) const;
  std::vector<std::string> AppsOf(
      const v1::MethodPermission& permission,
      const google::protobuf::Message& request) const;
  absl::Status CheckAppsRead(const Identity& caller,
                             const v1::MethodPermission& permission,
                             const google::protobuf::Message& request) const;
  absl::Status CheckScope(const Identity& caller,
                          const v1::MethodPermission& permission,
                          const google::protobuf::Message& request) const;
  absl::Status CheckHosts(const Identity& caller,
                          const std::vector<std::string>& apps,
                          const v1::MethodPermission& permission,
                          const google::protobuf::Message& request) const;
  absl::Status CheckInside(const Identity& caller, const std::string& app,
                           const std::vector<std::string>& hosts) const;
  absl::Status CheckStaysInside(const Identity& caller, const std::string& app,
                                const std::string& placement) const;

  TokenRegistry& tokens_;
  const HostCertificates& certificates_;
  const AccessFacts& facts_;
  TrustedIssuers* issuers_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_ACCESS_CONTROL_H_
