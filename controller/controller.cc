#include "controller/controller.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/access_service.h"
#include "controller/agent_service.h"
#include "controller/app_service.h"
#include "controller/audit_service.h"
#include "controller/call_gate.h"
#include "controller/controller_tls.h"
#include "controller/enrollment_service.h"
#include "controller/fleet_access.h"
#include "controller/fleet_core.h"
#include "controller/host_service.h"
#include "controller/http_gate_prober.h"
#include "controller/log_service.h"
#include "controller/rollout_service.h"
#include "controller/secret_service.h"
#include "controller/store/migrations.h"
#include "controller/store/sqlite_database.h"
#include "controller/store/sqlite_rollout_store.h"
#include "controller/store/sqlite_store.h"
#include "controller/store/state_lock.h"
#include "proto/rpc/status.h"
#include "proto/rpc/whole_file.h"
#include "proto/rpc/x509.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

// Reports that come within this time make one plan and one transaction.
constexpr absl::Duration kPlanInterval = absl::Milliseconds(5);

DriverOptions OptionsOfDriver(GateProber& prober) {
  DriverOptions options;
  options.prober = &prober;
  options.plan_interval = kPlanInterval;
  return options;
}

// What has to be there before anything else can be built.
struct Opened {
  StateLock lock;
  std::unique_ptr<SqliteDatabase> database;
  int64_t epoch = 0;
  SealingKey secret_key;
};

absl::StatusOr<Opened> OpenStore(const std::string& state_dir) {
  ASSIGN_OR_RETURN(StateLock lock, StateLock::Take(state_dir));
  ASSIGN_OR_RETURN(auto database, SqliteDatabase::Open(absl::StrCat(
                                      state_dir, "/controller.db")));
  RETURN_IF_ERROR(Migrate(*database, Migrations()));
  ASSIGN_OR_RETURN(int64_t epoch, SqliteStore(*database).RaiseEpoch());
  ASSIGN_OR_RETURN(SealingKey key,
                   SealingKey::Open(absl::StrCat(state_dir, "/secrets.key")));
  return Opened{std::move(lock), std::move(database), epoch, std::move(key)};
}

// As a copy of a backup may have left them.
void WarnOfOpenKeys(const ControllerOptions& options) {
  const std::string own = absl::StrCat(options.state_dir, "/tls/ca.key");
  for (const std::string& path :
       {absl::StrCat(options.state_dir, "/secrets.key"),
        options.authority_key.empty() ? own : options.authority_key}) {
    if (!IsReadByOthers(path)) continue;
    spdlog::warn("everybody on this machine may read the key {}: chmod 600 {}",
                 path, path);
  }
}

// A slip of the pen is found out now, not when somebody is asked.
absl::Status CheckAuthorityFile(const char* option, const std::string& path) {
  const auto pem = ReadWholeFile(path);
  absl::Status read = pem.status();
  if (read.ok()) read = ParseCertificate(*pem).status();
  return Annotate(read, absl::StrCat(option, " ", path));
}

}  // namespace

// In the order in which they depend on each other.
struct Controller::Parts {
  Parts(EventLoop& loop, Opened opened, std::unique_ptr<ControllerTls> tls,
        std::unique_ptr<TrustedIssuers> issuers,
        const ControllerOptions& options);

  StateLock lock;
  std::unique_ptr<SqliteDatabase> database;
  std::unique_ptr<ControllerTls> tls;
  std::unique_ptr<TrustedIssuers> issuers;
  SqliteStore store;
  SqliteRolloutStore rollout_store;
  HttpGateProber prober;
  FleetCore core;
  SecretStore secrets;
  FleetAccess access;
  CallGate gate;
  AccessService access_service;
  AgentService agent_service;
  AppService app_service;
  AuditService audit_service;
  EnrollmentService enrollment_service;
  HostService host_service;
  LogService log_service;
  RolloutService rollout_service;
  SecretService secret_service;
};

Controller::Parts::Parts(EventLoop& loop, Opened opened,
                         std::unique_ptr<ControllerTls> with_tls,
                         std::unique_ptr<TrustedIssuers> with_issuers,
                         const ControllerOptions& options)
    : lock(std::move(opened.lock)),
      database(std::move(opened.database)),
      tls(std::move(with_tls)),
      issuers(std::move(with_issuers)),
      store(*database),
      rollout_store(*database),
      prober(loop, options.gate_authority),
      core({loop, store, rollout_store, opened.epoch, options.random_seed,
            OptionsOfDriver(prober)}),
      secrets(*database, loop.clock(), opened.secret_key),
      access({*database, loop.clock(), opened.epoch,
              tls == nullptr ? nullptr : &tls->authority(), issuers.get(),
              options.host_certificate_ttl, core.registry, core.hosts,
              core.driver}),
      gate(loop, access),
      access_service(gate, access.tokens(), access.certificates(),
                     issuers.get(),
                     [this](const std::string& host) {
                       core.sessions.Cut(host, "its certificates are revoked");
                     }),
      agent_service(gate, core.sessions),
      app_service(gate, core.registry, core.apply, core.orders,
                  core.app_commands, core.answers, core.view),
      audit_service(gate, access.audit()),
      enrollment_service(gate, access.tokens(), access.certificates()),
      host_service(gate, core, loop.clock().WallNow()),
      log_service(gate, core.tails),
      rollout_service(gate, core.driver, core.registry),
      secret_service(gate, secrets, core.registry) {
  app_service.SetSecretCheck(
      [this](const std::string& name) { return secrets.Has(name); });
  core.sessions.SetSecrets(
      [this](const std::string& name) { return secrets.Reveal(name); });
  core.sessions.SetFixedLabels(
      [this](const std::string& host) {
        return access.certificates().LabelsOf(host);
      },
      [this](const std::string& key, const std::string& value) {
        return access.certificates().GivesLabel(key, value);
      });
}

absl::StatusOr<std::unique_ptr<Controller>> Controller::Start(
    EventLoop& loop, const ControllerOptions& options) {
  ASSIGN_OR_RETURN(Opened opened, OpenStore(options.state_dir));
  std::unique_ptr<ControllerTls> tls;
  if (options.tls) {
    ASSIGN_OR_RETURN(
        tls, ControllerTls::Open(loop, absl::StrCat(options.state_dir, "/tls"),
                                 options.authority_certificate,
                                 options.authority_key,
                                 options.server_certificate_ttl));
  }
  WarnOfOpenKeys(options);
  std::unique_ptr<TrustedIssuers> issuers;
  if (!options.issuers_file.empty()) {
    issuers = std::make_unique<TrustedIssuers>(loop, options.issuers_file);
    RETURN_IF_ERROR(issuers->Load());
  }
  if (!options.gate_authority.empty()) {
    RETURN_IF_ERROR(CheckAuthorityFile("--gate-ca", options.gate_authority));
  }
  auto parts = std::make_unique<Parts>(loop, std::move(opened), std::move(tls),
                                       std::move(issuers), options);
  RETURN_IF_ERROR(parts->access.Load());
  RETURN_IF_ERROR(parts->secrets.Load());
  RETURN_IF_ERROR(parts->core.Load());
  spdlog::info("controller version={} epoch={} store={} apps={} hosts={}",
               FLEET_VERSION, parts->core.epoch, parts->database->path(),
               parts->core.registry.names().size(),
               parts->core.hosts.hosts().size());
  return std::unique_ptr<Controller>(new Controller(std::move(parts)));
}

Controller::Controller(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}

Controller::~Controller() = default;

std::vector<grpc::Service*> Controller::services() {
  return {&parts_->access_service,     &parts_->agent_service,
          &parts_->app_service,        &parts_->audit_service,
          &parts_->enrollment_service, &parts_->host_service,
          &parts_->log_service,        &parts_->rollout_service,
          &parts_->secret_service};
}

void Controller::Reload() {
  if (parts_->issuers != nullptr) {
    const absl::Status loaded = parts_->issuers->Load();
    if (!loaded.ok()) {
      spdlog::error("issuers: {}; those that were read before stay in force",
                    ToStd(loaded.message()));
    }
  }
  if (parts_->tls != nullptr) parts_->tls->Look();
}

void Controller::GoAway() {
  parts_->core.sessions.GoAway("the controller is stopping");
}

const std::optional<TlsFiles>& Controller::tls_files() const {
  static const std::optional<TlsFiles> none;
  return parts_->tls == nullptr ? none : parts_->tls->files();
}

int64_t Controller::epoch() const { return parts_->core.epoch; }

}  // namespace fleet::controller
