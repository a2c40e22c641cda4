#include "controller/store/sqlite_access_store.h"

#include <map>
#include <nlohmann/json.hpp>

#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

using nlohmann::json;

TokenKind KindOf(int number) {
  for (TokenKind kind : {TokenKind::kApi, TokenKind::kJoin,
                         TokenKind::kCertificate, TokenKind::kIssued}) {
    if (static_cast<int>(kind) == number) return kind;
  }
  // Of a later controller: it opens nothing here.
  return TokenKind::kJoin;
}

int64_t Millis(absl::Time time) { return absl::ToUnixMillis(time); }
absl::Time FromMillis(int64_t millis) { return absl::FromUnixMillis(millis); }

// What no query asks for stands in one column, as JSON.
std::string BodyOf(const TokenRecord& token) {
  json body = {{"name", token.name},
               {"kind", static_cast<int>(token.kind)},
               {"role", Name(token.role)},
               {"apps", token.scope.apps},
               {"hosts", token.scope.hosts},
               {"host", token.host},
               {"labels", token.labels},
               {"issued_id", token.issued_id},
               {"created_by", token.created_by},
               {"create_ms", Millis(token.create_time)}};
  if (token.last_use != absl::InfinitePast()) {
    body["last_use_ms"] = Millis(token.last_use);
  }
  return body.dump();
}

absl::Status ReadBody(const std::string& text, TokenRecord& token) {
  const json body = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) {
    return absl::InternalError("token " + token.id + ": its row is broken");
  }
  token.name = body.value("name", "");
  token.kind = KindOf(body.value("kind", 0));
  token.role = ParseRole(body.value("role", "")).value_or(Role::kNone);
  token.scope.apps = body.value("apps", std::vector<std::string>());
  token.scope.hosts = body.value("hosts", "");
  token.host = body.value("host", "");
  token.labels = body.value("labels", std::map<std::string, std::string>());
  token.issued_id = body.value("issued_id", "");
  token.created_by = body.value("created_by", "");
  token.create_time = FromMillis(body.value("create_ms", int64_t{0}));
  if (body.contains("last_use_ms")) {
    token.last_use = FromMillis(body.value("last_use_ms", int64_t{0}));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StoredAccess> SqliteAccessStore::Load() {
  StoredAccess stored;
  absl::Status broken;
  RETURN_IF_ERROR(database_.Query(
      "SELECT id, hash, expire_ms, used, revoked, body FROM tokens", {},
      [&](const SqliteRow& row) {
        TokenRecord token;
        token.id = row.Text(0);
        token.hash = row.Text(1);
        token.expire_time = FromMillis(row.Int(2));
        token.used = row.Int(3) != 0;
        token.revoked = row.Int(4) != 0;
        broken.Update(ReadBody(row.Text(5), token));
        stored.tokens.push_back(std::move(token));
      }));
  RETURN_IF_ERROR(broken);
  RETURN_IF_ERROR(database_.Query(
      "SELECT fingerprint, host, expire_ms, revoked FROM certificates", {},
      [&](const SqliteRow& row) {
        stored.certificates.push_back({row.Text(0), row.Text(1),
                                       FromMillis(row.Int(2)),
                                       row.Int(3) != 0});
      }));
  RETURN_IF_ERROR(database_.Query(
      "SELECT host, labels, enroll_ms FROM enrolled_hosts", {},
      [&](const SqliteRow& row) {
        const json labels = json::parse(row.Text(1), nullptr, false);
        EnrolledHost host{row.Text(0), {}, FromMillis(row.Int(2))};
        if (labels.is_object()) host.labels = labels;
        stored.hosts.push_back(std::move(host));
      }));
  return stored;
}

absl::Status SqliteAccessStore::Save(const AccessChange& change) {
  return database_.Transaction([&] {
    for (const TokenRecord& token : change.tokens) {
      RETURN_IF_ERROR(SaveToken(token));
    }
    for (const std::string& id : change.gone_tokens) {
      RETURN_IF_ERROR(database_.Run("DELETE FROM tokens WHERE id = ?", {id}));
    }
    for (const CertificateRecord& certificate : change.certificates) {
      RETURN_IF_ERROR(SaveCertificate(certificate));
    }
    for (const std::string& fingerprint : change.gone_certificates) {
      RETURN_IF_ERROR(database_.Run(
          "DELETE FROM certificates WHERE fingerprint = ?", {fingerprint}));
    }
    for (const EnrolledHost& host : change.hosts) {
      RETURN_IF_ERROR(SaveHost(host));
    }
    return absl::OkStatus();
  });
}

absl::Status SqliteAccessStore::SaveToken(const TokenRecord& token) {
  return database_.Run(
      "INSERT OR REPLACE INTO tokens (id, hash, expire_ms, used, revoked, body)"
      " VALUES (?, ?, ?, ?, ?, ?)",
      {token.id, token.hash, Millis(token.expire_time), int64_t{token.used},
       int64_t{token.revoked}, BodyOf(token)});
}

absl::Status SqliteAccessStore::SaveCertificate(
    const CertificateRecord& certificate) {
  return database_.Run(
      "INSERT OR REPLACE INTO certificates (fingerprint, host, expire_ms,"
      " revoked) VALUES (?, ?, ?, ?)",
      {certificate.fingerprint, certificate.host,
       Millis(certificate.expire_time), int64_t{certificate.revoked}});
}

absl::Status SqliteAccessStore::SaveHost(const EnrolledHost& host) {
  return database_.Run(
      "INSERT OR REPLACE INTO enrolled_hosts (host, labels, enroll_ms)"
      " VALUES (?, ?, ?)",
      {host.host, json(host.labels).dump(), Millis(host.enroll_time)});
}

}  // namespace fleet::controller
