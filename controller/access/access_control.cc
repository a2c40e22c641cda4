#include "controller/access/access_control.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/role_proto.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr size_t kMostNamed = 5;

// A role that is not known here is taken for the highest.
Role RoleOf(v1::Role needed) {
  const Role role = FromProto(needed);
  return role == Role::kNone ? Role::kAdmin : role;
}

absl::Status Denied(std::string_view reason, std::string_view why) {
  return ErrorWithReason(absl::StatusCode::kPermissionDenied, why,
                         {std::string(reason), {}});
}

// A name that stands for one app, not for those that match it.
bool NamesOne(const std::string& app) {
  return !app.empty() && app != "all" &&
         app.find_first_of("*?[") == std::string::npos;
}

void TakeOver(const TokenRecord& token, Identity& caller) {
  caller.role = token.role;
  caller.scope = token.scope;
  caller.token_id = token.id;
  caller.expire_time = token.expire_time;
}

}  // namespace

absl::StatusOr<Identity> AccessControl::IdentifyBearer(
    const CallCredentials& credentials) {
  Identity caller = credentials.connection;
  if (!LooksLikeJsonWebToken(credentials.bearer)) {
    ASSIGN_OR_RETURN(
        const TokenRecord token,
        tokens_.Recognise(credentials.bearer, TokenKind::kApi, caller.peer));
    caller.kind = Identity::Kind::kToken;
    caller.name = token.name;
    TakeOver(token, caller);
    return caller;
  }
  if (issuers_ == nullptr) {
    return ErrorWithReason(
        absl::StatusCode::kUnauthenticated,
        "this controller trusts no issuer of OIDC tokens; its administrator "
        "can name some (fleet-controller --issuers FILE)",
        {"TOKEN_INVALID", {}});
  }
  RETURN_IF_ERROR(tokens_.CheckAttempts(caller.peer));
  absl::StatusOr<Identity> known =
      issuers_->Recognise(credentials.bearer, caller);
  if (known.ok() && IsRevoked(*known)) {
    known = ErrorWithReason(
        absl::StatusCode::kUnauthenticated,
        absl::StrCat("this OIDC token of ", known->name,
                     " has been revoked; get a new one, or ask an admin who "
                     "revoked it (fleetctl audit)"),
        {"TOKEN_INVALID", {}});
  }
  if (absl::IsUnauthenticated(known.status())) tokens_.NoteWrong(caller.peer);
  return known;
}

absl::StatusOr<Identity> AccessControl::Identify(
    const CallCredentials& credentials) {
  if (!credentials.bearer.empty()) return IdentifyBearer(credentials);
  Identity caller = credentials.connection;
  switch (caller.kind) {
    case Identity::Kind::kLocalUser:
      // The listener has let in nobody but this user and root.
    case Identity::Kind::kAnonymous:
      // A loopback port that was opened with --insecure.
      caller.role = Role::kAdmin;
      return caller;
    case Identity::Kind::kHost:
      RETURN_IF_ERROR(
          certificates_.Check(caller.host, credentials.fingerprint));
      caller.role = Role::kAgent;
      return caller;
    case Identity::Kind::kUser: {
      ASSIGN_OR_RETURN(
          const TokenRecord record,
          tokens_.RecogniseCertificate(credentials.fingerprint, caller.user));
      TakeOver(record, caller);
      return caller;
    }
    case Identity::Kind::kToken:
    case Identity::Kind::kIssued:
    case Identity::Kind::kUnidentified:
      break;
  }
  return ErrorWithReason(
      absl::StatusCode::kUnauthenticated,
      "the call brings neither a token nor a certificate; log in first: "
      "fleetctl login ADDRESS < TOKEN_FILE",
      {"UNIDENTIFIED", {}});
}

bool AccessControl::IsRevoked(const Identity& issued) const {
  return tokens_.IssuedRevoked(issued.name, issued.token_id, issued.issue_time);
}

absl::Status AccessControl::Recheck(const Identity& caller) const {
  bool good = true;
  switch (caller.kind) {
    case Identity::Kind::kToken:
    case Identity::Kind::kUser:
      good = tokens_.Valid(caller.token_id);
      break;
    case Identity::Kind::kIssued:
      good = issuers_ != nullptr &&
             issuers_->version() == caller.rules_version &&
             issuers_->WallNow() < caller.expire_time && !IsRevoked(caller);
      break;
    case Identity::Kind::kLocalUser:
    case Identity::Kind::kAnonymous:
    case Identity::Kind::kHost:  // Its session is cut by who revokes it.
    case Identity::Kind::kUnidentified:
      break;
  }
  if (good) return absl::OkStatus();
  return ErrorWithReason(
      absl::StatusCode::kUnauthenticated,
      absl::StrCat("what ", caller.name,
                   " has shown is no longer valid: it was revoked or has "
                   "expired. Log in again (fleetctl login)"),
      {"TOKEN_INVALID", {}});
}

absl::StatusOr<Identity> AccessControl::Admit(
    const CallCredentials& credentials, std::string_view method,
    const google::protobuf::Message& request) {
  const v1::MethodPermission* permission = PermissionOf(method);
  if (permission == nullptr || permission->role() == v1::ROLE_UNSPECIFIED) {
    return Denied("NO_PERMISSION_DECLARED",
                  absl::StrCat(ToAbsl(method), " may be called by nobody"));
  }
  if (permission->role() == v1::ROLE_PUBLIC) return credentials.connection;
  ASSIGN_OR_RETURN(Identity caller, Identify(credentials));
  RETURN_IF_ERROR(CheckRole(caller, method, RoleNeeded(*permission, request)));
  if (!caller.scope.unlimited()) {
    RETURN_IF_ERROR(CheckScope(caller, *permission, request));
  }
  return caller;
}

absl::Status AccessControl::CheckRole(const Identity& caller,
                                      std::string_view method,
                                      v1::Role role) const {
  const Role needed = RoleOf(role);
  const bool local = caller.kind == Identity::Kind::kLocalUser ||
                     caller.kind == Identity::Kind::kAnonymous;
  const bool enough = needed == Role::kAgent
                          ? caller.role == Role::kAgent || local
                          : caller.role >= needed;
  if (enough) return absl::OkStatus();
  return Denied("ROLE_TOO_LOW",
                absl::StrCat(caller.name, " has role ", Name(caller.role), ", ",
                             ToAbsl(method), " needs ", Name(needed)));
}

absl::Status AccessControl::CheckAppsRead(
    const Identity& caller, const v1::MethodPermission& permission,
    const google::protobuf::Message& request) const {
  for (const std::string& app : AppsOf(permission, request)) {
    // "web.2" may be an instance of web; the method looks closer.
    if (!NamesOne(app) || caller.scope.AllowsApp(app) ||
        caller.scope.AllowsApp(app.substr(0, app.rfind('.')))) {
      continue;
    }
    return Denied("OUT_OF_SCOPE",
                  absl::StrCat(caller.name, " may see apps ",
                               absl::StrJoin(caller.scope.apps, ", "),
                               " only, not ", app));
  }
  return absl::OkStatus();
}

std::vector<std::string> AccessControl::AppsOf(
    const v1::MethodPermission& permission,
    const google::protobuf::Message& request) const {
  if (!permission.app_field().empty()) {
    return ValuesAt(request, permission.app_field());
  }
  std::vector<std::string> apps;
  if (permission.rollout_field().empty()) return apps;
  for (const std::string& name :
       ValuesAt(request, permission.rollout_field())) {
    const std::string app = facts_.AppOfRollout(name);
    apps.push_back(app.empty() ? name : app);
  }
  return apps;
}

absl::Status AccessControl::CheckScope(
    const Identity& caller, const v1::MethodPermission& permission,
    const google::protobuf::Message& request) const {
  if (permission.filtered()) {
    return CheckAppsRead(caller, permission, request);
  }
  std::vector<std::string> apps = AppsOf(permission, request);
  if (permission.app_field().empty() && permission.rollout_field().empty() &&
      permission.hosts_field().empty()) {
    return Denied("OUT_OF_SCOPE",
                  absl::StrCat(caller.name,
                               " is limited to some apps or hosts, and this is "
                               "about the whole fleet"));
  }
  if (!caller.scope.apps.empty()) {
    if (apps.empty()) apps.emplace_back();
    for (const std::string& app : apps) {
      if (NamesOne(app) && caller.scope.AllowsApp(app)) continue;
      return Denied("OUT_OF_SCOPE",
                    absl::StrCat(caller.name, " may act on apps ",
                                 absl::StrJoin(caller.scope.apps, ", "),
                                 " only, not on ", app.empty() ? "all" : app));
    }
  }
  if (caller.scope.hosts.empty()) return absl::OkStatus();
  return CheckHosts(caller, apps, permission, request);
}

absl::Status AccessControl::CheckHosts(
    const Identity& caller, const std::vector<std::string>& apps,
    const v1::MethodPermission& permission,
    const google::protobuf::Message& request) const {
  std::vector<std::string> selectors;
  for (const absl::string_view field :
       absl::StrSplit(permission.hosts_field(), ' ', absl::SkipEmpty())) {
    for (std::string& text : ValuesAt(request, ToStd(field))) {
      if (!text.empty()) selectors.push_back(std::move(text));
    }
  }
  for (const std::string& app : apps) {
    RETURN_IF_ERROR(CheckInside(caller, app, facts_.HostsOf(app, selectors)));
  }
  if (permission.placement_field().empty()) return absl::OkStatus();
  const std::vector<std::string> placements =
      ValuesAt(request, permission.placement_field());
  for (size_t i = 0; i < placements.size(); ++i) {
    RETURN_IF_ERROR(
        CheckInside(caller, apps[i], facts_.Matching(placements[i])));
    RETURN_IF_ERROR(CheckStaysInside(caller, apps[i], placements[i]));
  }
  return absl::OkStatus();
}

// Hosts that join later, or get other labels, get the app by themselves.
absl::Status AccessControl::CheckStaysInside(
    const Identity& caller, const std::string& app,
    const std::string& placement) const {
  const auto wanted = ParseHostSelector(placement);
  const auto limit = ParseHostSelector(caller.scope.hosts);
  if (!wanted.ok()) return absl::OkStatus();  // The method says what is wrong.
  const std::vector<std::string> names = wanted->ExactNames();
  const bool named =
      !names.empty() && facts_.Outside(names, caller.scope.hosts).empty();
  if (named || (limit.ok() && wanted->IsWithin(*limit))) {
    return absl::OkStatus();
  }
  return Denied(
      "OUT_OF_SCOPE",
      absl::StrCat(caller.name, " may act on hosts ", caller.scope.hosts,
                   " only, and hosts: ", wanted->text(), " of ", app,
                   " can pick others that join later; write hosts: ",
                   caller.scope.hosts));
}

absl::Status AccessControl::CheckInside(
    const Identity& caller, const std::string& app,
    const std::vector<std::string>& hosts) const {
  std::vector<std::string> outside = facts_.Outside(hosts, caller.scope.hosts);
  if (outside.empty()) return absl::OkStatus();
  if (outside.size() > kMostNamed) outside.resize(kMostNamed);
  return Denied("OUT_OF_SCOPE",
                absl::StrCat(caller.name, " may act on hosts ",
                             caller.scope.hosts, " only, and ", app,
                             " is also on ", absl::StrJoin(outside, ", "),
                             "; add --hosts '", caller.scope.hosts, "'"));
}

}  // namespace fleet::controller
