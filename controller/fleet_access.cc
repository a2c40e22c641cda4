#include "controller/fleet_access.h"

#include <google/protobuf/message.h>

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "controller/access/method_permission.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/status.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

using google::protobuf::Message;

// Of methods that are about neither app nor rollout: the field that names
// what they act on.
constexpr const char* kSubjectFields[] = {"name",       "host",  "token.name",
                                          "token.host", "token", "apps"};

// There is room for more in the record's text.
constexpr size_t kRoomyOutcome = 900;

// A host that joined or renewed its certificate has proved who it is by the
// token or the key that it brought, not by the connection.
std::string ActorOf(const Identity& caller,
                    const v1::MethodPermission& permission,
                    const std::string& subject) {
  return permission.role() == v1::ROLE_PUBLIC && !subject.empty()
             ? absl::StrCat("host ", subject)
             : caller.name;
}

// Of all that a name stands for, the one that is meant.
std::string OneOf(const Message& request) {
  if (!HasTextAt(request, "issued_id")) return "";
  const std::string id = absl::StrJoin(ValuesAt(request, "issued_id"), ", ");
  return id.empty() ? "" : absl::StrCat(" (jti ", id, ")");
}

std::string SubjectOf(const v1::MethodPermission& permission,
                      const Message& request, const Message* answer) {
  // What a caller without a role brings is a secret: the answer says for whom.
  if (permission.role() == v1::ROLE_PUBLIC) {
    return answer != nullptr && HasTextAt(*answer, "host")
               ? absl::StrJoin(ValuesAt(*answer, "host"), ", ")
               : "";
  }
  for (const std::string& path :
       {permission.app_field(), permission.rollout_field()}) {
    if (!path.empty()) return absl::StrJoin(ValuesAt(request, path), ", ");
  }
  for (const char* field : kSubjectFields) {
    if (!HasTextAt(request, field)) continue;
    std::string subject = absl::StrJoin(ValuesAt(request, field), ", ");
    if (!subject.empty()) return absl::StrCat(subject, OneOf(request));
  }
  return "";
}

std::string RolloutsIn(const v1::MethodPermission& permission,
                       const Message* answer) {
  if (permission.rollout_answer().empty() || answer == nullptr) return "";
  std::vector<std::string> uids =
      ValuesAt(*answer, permission.rollout_answer());
  std::erase(uids, "");
  return absl::StrJoin(uids, ", ");
}

std::string HostsAsked(const v1::MethodPermission& permission,
                       const Message& request) {
  std::vector<std::string> all;
  for (const absl::string_view field :
       absl::StrSplit(permission.hosts_field(), ' ', absl::SkipEmpty())) {
    for (std::string& text : ValuesAt(request, ToStd(field))) {
      if (!text.empty()) all.push_back(std::move(text));
    }
  }
  return absl::StrJoin(all, "; ");
}

std::string OutcomeText(const absl::Status& outcome) {
  if (outcome.ok()) return "OK";
  return absl::StrCat(absl::StatusCodeToString(outcome.code()), ": ",
                      outcome.message());
}

}  // namespace

FleetAccess::FleetAccess(const AccessSurroundings& around)
    : around_(around),
      store_(around.database),
      tokens_(store_, around.clock),
      certificates_(store_, tokens_, around.authority, around.clock,
                    around.host_certificate_ttl),
      control_(tokens_, certificates_, *this, around.issuers),
      audit_(around.database, around.clock, around.epoch) {}

absl::Status FleetAccess::Load() {
  ASSIGN_OR_RETURN(StoredAccess stored, store_.Load());
  tokens_.Load(std::move(stored.tokens));
  certificates_.Load(std::move(stored.certificates), std::move(stored.hosts));
  return audit_.Open();
}

absl::StatusOr<Identity> FleetAccess::Admit(const CallCredentials& credentials,
                                            std::string_view method,
                                            const Message& request) {
  return control_.Admit(credentials, method, request);
}

Identity FleetAccess::WhoIs(const CallCredentials& credentials) {
  return control_.Identify(credentials).value_or(credentials.connection);
}

void FleetAccess::Prepare(const CallCredentials& credentials,
                          std::function<void()> done) {
  if (around_.issuers == nullptr ||
      !LooksLikeJsonWebToken(credentials.bearer)) {
    return done();
  }
  around_.issuers->Prepare(credentials.bearer, std::move(done));
}

absl::Status FleetAccess::Recheck(const Identity& caller) {
  return control_.Recheck(caller);
}

CallerView FleetAccess::ViewOf(const Identity& caller) {
  return CallerView(caller.scope, around_.registry, around_.hosts);
}

bool FleetAccess::MayNoteFailure(const Identity& caller, bool recorded,
                                 bool is_public) {
  AttemptLimit& limit = !recorded   ? unproven_failures_
                        : is_public ? strangers_failures_
                                    : failures_;
  const std::string who = recorded && !is_public ? caller.name : "";
  const absl::Time now = around_.clock.Now();
  if (!limit.Allowed(who, now)) return false;
  limit.NoteFailure(who, now);
  return true;
}

void FleetAccess::Record(const Identity& caller, std::string_view method,
                         const Message& request, const Message* answer,
                         const absl::Status& outcome) {
  const v1::MethodPermission* permission = PermissionOf(method);
  const bool is_public =
      permission != nullptr && permission->role() == v1::ROLE_PUBLIC;
  const bool recorded =
      !absl::IsUnauthenticated(outcome) && !absl::IsResourceExhausted(outcome);
  if (!outcome.ok() && !MayNoteFailure(caller, recorded, is_public)) {
    if (recorded) ++left_out_;
    return;
  }
  spdlog::info("call method={} actor=\"{}\" token={} result={}{}{}", method,
               caller.name, caller.token_id.empty() ? "-" : caller.token_id,
               absl::StatusCodeToString(outcome.code()),
               outcome.ok() ? "" : ": ", ToStd(outcome.message()));
  if (!recorded) return;
  AuditRecord record;
  record.actor = caller.name;
  record.peer = caller.peer;
  record.method = std::string(method);
  record.outcome = OutcomeText(outcome);
  if (left_out_ > 0 && record.outcome.size() < kRoomyOutcome) {
    absl::StrAppend(&record.outcome, " (", left_out_,
                    " failed calls before this one are not recorded)");
    left_out_ = 0;
  }
  if (permission != nullptr) {
    record.subject = SubjectOf(*permission, request, answer);
    record.actor = ActorOf(caller, *permission, record.subject);
    record.hosts = HostsAsked(*permission, request);
    record.rollout = RolloutsIn(*permission, answer);
  }
  audit_.Append(std::move(record));
}

std::string FleetAccess::AppOfRollout(const std::string& name) const {
  absl::StatusOr<Rollout> rollout = around_.driver.Get(name);
  return rollout.ok() ? rollout->app : "";
}

std::vector<std::string> FleetAccess::HostsOf(
    const std::string& app, const std::vector<std::string>& selectors) const {
  std::vector<std::string> hosts =
      around_.registry.HostsOf(app, "all").value_or(std::vector<std::string>());
  for (const std::string& selector : selectors) {
    const std::vector<std::string> outside = Outside(hosts, selector);
    const std::set<std::string> gone(outside.begin(), outside.end());
    std::erase_if(hosts,
                  [&](const std::string& h) { return gone.contains(h); });
  }
  return hosts;
}

std::vector<std::string> FleetAccess::Matching(
    const std::string& selector) const {
  absl::StatusOr<HostSelector> parsed = ParseHostSelector(selector);
  return parsed.ok() ? around_.hosts.Select({*parsed})
                     : std::vector<std::string>();
}

// What cannot be read picks nobody, so that everything is outside.
std::vector<std::string> FleetAccess::Outside(
    const std::vector<std::string>& hosts, const std::string& selector) const {
  absl::StatusOr<HostSelector> parsed = ParseHostSelector(selector);
  std::vector<std::string> outside;
  for (const std::string& host : hosts) {
    const KnownHost* known = around_.hosts.Find(host);
    const bool inside = parsed.ok() && known != nullptr &&
                        parsed->Matches(host, known->record.labels);
    if (!inside) outside.push_back(host);
  }
  return outside;
}

}  // namespace fleet::controller
