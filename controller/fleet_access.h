// Everything that decides who may do what, connected.
#ifndef FLEET_CONTROLLER_FLEET_ACCESS_H_
#define FLEET_CONTROLLER_FLEET_ACCESS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "controller/access/access_control.h"
#include "controller/access/attempt_limit.h"
#include "controller/access/audit_log.h"
#include "controller/access/certificate_authority.h"
#include "controller/access/host_certificates.h"
#include "controller/access/token_registry.h"
#include "controller/access/trusted_issuers.h"
#include "controller/app_registry.h"
#include "controller/call_policy.h"
#include "controller/host_registry.h"
#include "controller/rollout_driver.h"
#include "controller/store/sqlite_access_store.h"
#include "controller/store/sqlite_database.h"
#include "proto/rpc/clock.h"

namespace fleet::controller {

// What access is judged by; all outlive it.
struct AccessSurroundings {
  SqliteDatabase& database;
  const Clock& clock;
  int64_t epoch = 0;
  // Null: no port speaks TLS.
  const CertificateAuthority* authority = nullptr;
  // Null: no other issuer's tokens are accepted.
  TrustedIssuers* issuers = nullptr;
  absl::Duration host_certificate_ttl = absl::Hours(24);
  const AppRegistry& registry;
  const HostRegistry& hosts;
  RolloutDriver& driver;
};

// Answers CallGate, and records in the audit log. Loop thread only.
class FleetAccess : public CallPolicy, private AccessFacts {
 public:
  explicit FleetAccess(const AccessSurroundings& around);

  // Once, before the first call.
  absl::Status Load();

  absl::StatusOr<Identity> Admit(
      const CallCredentials& credentials, std::string_view method,
      const google::protobuf::Message& request) override;
  Identity WhoIs(const CallCredentials& credentials) override;
  // Callers that proved nothing are not recorded, and of calls that fail 60 a
  // minute of one caller are, and 10 of all whose methods ask for no role: the
  // audit log is bounded, and who filled it would push out what is older. The
  // next record says how many were left out. The controller's own log has a
  // line of each that is recorded, and 60 a minute of those that are never.
  void Record(const Identity& caller, std::string_view method,
              const google::protobuf::Message& request,
              const google::protobuf::Message* answer,
              const absl::Status& outcome) override;
  void Prepare(const CallCredentials& credentials,
               std::function<void()> done) override;
  absl::Status Recheck(const Identity& caller) override;
  CallerView ViewOf(const Identity& caller) override;

  TokenRegistry& tokens() { return tokens_; }
  HostCertificates& certificates() { return certificates_; }
  AuditLog& audit() { return audit_; }

 private:
  bool MayNoteFailure(const Identity& caller, bool recorded, bool is_public);

  std::string AppOfRollout(const std::string& name) const override;
  std::vector<std::string> HostsOf(
      const std::string& app,
      const std::vector<std::string>& selectors) const override;
  std::vector<std::string> Matching(const std::string& selector) const override;
  std::vector<std::string> Outside(const std::vector<std::string>& hosts,
                                   const std::string& selector) const override;

  const AccessSurroundings around_;
  SqliteAccessStore store_;
  TokenRegistry tokens_;
  HostCertificates certificates_;
  AccessControl control_;
  AuditLog audit_;
  AttemptLimit failures_{60};
  AttemptLimit strangers_failures_{10};
  AttemptLimit unproven_failures_{60};
  int64_t left_out_ = 0;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_FLEET_ACCESS_H_
