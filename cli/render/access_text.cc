#include "cli/render/access_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cli/render/age.h"
#include "cli/render/text_table.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/proto_time.h"

namespace fleet::cli {
namespace {

std::string Word(std::string name, absl::string_view prefix) {
  absl::string_view rest = name;
  absl::ConsumePrefix(&rest, prefix);
  return absl::AsciiStrToLower(rest);
}

std::string RoleText(v1::Role role) {
  return Word(v1::Role_Name(role), "ROLE_");
}

// "apps web*, hosts role=web", or "all".
template <typename Limits>
std::string LimitsText(const Limits& limits) {
  std::string text;
  if (limits.apps_size() > 0) {
    absl::StrAppend(&text, "apps ", absl::StrJoin(limits.apps(), ","));
  }
  if (!limits.hosts().empty()) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", "hosts ", limits.hosts());
  }
  return text.empty() ? "all" : text;
}

std::string LastPart(const std::string& method) {
  const size_t slash = method.rfind('/');
  return slash == std::string::npos ? method : method.substr(slash + 1);
}

std::string Until(const google::protobuf::Timestamp& time, absl::Time now) {
  const absl::Time end = FromProto(time);
  return end <= now ? "-" : absl::StrCat("in ", AgeText(now, end));
}

std::string WhatFor(const v1::Token& token) {
  if (token.kind() == v1::TOKEN_KIND_JOIN) {
    return absl::StrCat("join ", token.host());
  }
  if (token.kind() == v1::TOKEN_KIND_ISSUED) {
    return token.issued_id().empty() ? "OIDC"
                                     : absl::StrCat("OIDC ", token.issued_id());
  }
  const bool certificate = token.kind() == v1::TOKEN_KIND_CERTIFICATE;
  return absl::StrCat(RoleText(token.role()),
                      certificate ? " (certificate)" : "");
}

// What another machine would call the controller.
std::string FromElsewhere(const std::string& address) {
  return absl::StartsWith(address, "unix:") ? "CONTROLLER:PORT" : address;
}

}  // namespace

std::string CallerText(const v1::GetCallerResponse& caller) {
  const std::string limits = LimitsText(caller);
  return absl::StrCat(caller.actor(), ", ", RoleText(caller.role()),
                      limits == "all" ? "" : absl::StrCat(" of ", limits));
}

std::string TokenNotice(const v1::Token& token, const std::string& address,
                        absl::Time now) {
  std::string text = absl::StrCat("token ", token.id(), " for ", token.name(),
                                  " (", WhatFor(token), "), valid ",
                                  AgeText(now, FromProto(token.expire_time())),
                                  "; it is shown this once:\n");
  if (token.kind() == v1::TOKEN_KIND_JOIN) {
    absl::StrAppend(&text, "  fleet-agent --controller ",
                    FromElsewhere(address), " --join-file FILE    # on ",
                    token.host(),
                    ", started by fleet-keeper; FILE holds the token\n");
  } else {
    absl::StrAppend(&text, "  fleetctl login ", FromElsewhere(address),
                    "    or FLEET_CONTROLLER and FLEET_TOKEN in a CI job\n");
  }
  return text;
}

std::string CertificateNotice(const v1::Token& token,
                              const std::string& address, absl::Time now) {
  return absl::StrCat("certificate ", token.id(), " for user ", token.name(),
                      " (", RoleText(token.role()), "), valid ",
                      AgeText(now, FromProto(token.expire_time())),
                      ":\n  fleetctl login ", FromElsewhere(address),
                      " --cert ", token.name(), ".pem --key ", token.name(),
                      ".key\n");
}

std::string SecretNotice(const v1::Secret& secret, size_t value_bytes) {
  std::string text =
      absl::StrCat("secret ", secret.name(), " is version ", secret.version());
  if (secret.apps_size() > 0) {
    absl::StrAppend(&text, "; it takes effect with the next reload of ",
                    absl::StrJoin(secret.apps(), ", "), ": fleetctl reload ",
                    absl::StrJoin(secret.apps(), " "));
  }
  text += '\n';
  if (value_bytes < kShortestHiddenAnywhere) {
    absl::StrAppend(
        &text, "warning: a value of less than ", kShortestHiddenAnywhere,
        " bytes is easily guessed, and in what its apps say it is hidden only "
        "where it stands alone; take a longer one\n");
  }
  return text;
}

std::string TokenTable(const v1::ListTokensResponse& tokens, absl::Time now,
                       const TextStyle& style) {
  TextTable table({{"ID"},
                   {"NAME"},
                   {"FOR"},
                   {"LIMITS"},
                   {"STATE"},
                   {"EXPIRES"},
                   {"USED"},
                   {"BY"}});
  for (const v1::Token& token : tokens.tokens()) {
    table.AddRow(
        {token.id(), token.name(), WhatFor(token), LimitsText(token),
         Word(v1::TokenState_Name(token.state()), "TOKEN_STATE_"),
         Until(token.expire_time(), now),
         token.has_last_use_time()
             ? absl::StrCat(AgeText(FromProto(token.last_use_time()), now),
                            " ago")
             : "never",
         token.created_by()});
  }
  return table.ToText(style);
}

std::string AuditTable(const v1::ListAuditRecordsResponse& records,
                       const TextStyle& style) {
  TextTable table(
      {{"SEQ"}, {"TIME"}, {"ACTOR"}, {"FROM"}, {"WHAT"}, {"ON"}, {"OUTCOME"}});
  for (const v1::AuditRecord& record : records.records()) {
    std::string subject = record.subject();
    if (!record.hosts().empty()) {
      absl::StrAppend(&subject, " (", record.hosts(), ")");
    }
    if (!record.rollout().empty() && record.rollout() != record.subject()) {
      absl::StrAppend(&subject, " ", record.rollout());
    }
    table.AddRow(
        {absl::StrCat(record.seq()),
         absl::FormatTime("%Y-%m-%d %H:%M:%S", FromProto(record.time()),
                          absl::LocalTimeZone()),
         record.actor(), record.peer(), LastPart(record.method()), subject,
         record.outcome()});
  }
  return table.ToText(style);
}

}  // namespace fleet::cli
