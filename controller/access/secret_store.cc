#include "controller/access/secret_store.h"

#include "absl/strings/str_cat.h"
#include "controller/name_rules.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

absl::Status Invalid(std::string_view why) {
  return ErrorWithReason(absl::StatusCode::kInvalidArgument, why,
                         {"SECRET_INVALID", {}});
}

absl::Status NotFound(const std::string& name) {
  return ErrorWithReason(
      absl::StatusCode::kNotFound,
      absl::StrCat("there is no secret ", name, "; `fleetctl secret set ", name,
                   "` makes it, `fleetctl secret ls` lists all"),
      {"SECRET_NOT_FOUND", {{"secret", name}}});
}

}  // namespace

absl::Status SecretStore::Load() {
  return database_.Query(
      "SELECT name, version, create_ms, update_ms, actor FROM secrets", {},
      [this](const SqliteRow& row) {
        SecretRecord record{row.Text(0), row.Int(1),
                            absl::FromUnixMillis(row.Int(2)),
                            absl::FromUnixMillis(row.Int(3)), row.Text(4)};
        secrets_[record.name] = record;
      });
}

absl::StatusOr<SecretRecord> SecretStore::Set(const std::string& name,
                                              std::string_view value,
                                              const std::string& actor) {
  if (!CheckHostName(name).ok()) {
    return Invalid(
        absl::StrCat("name: \"", name,
                     "\" is not a name; use 1 to 63 of A-Z a-z 0-9 . _ -"));
  }
  if (value.empty()) {
    return Invalid(absl::StrCat("the value of ", name,
                                " is empty, which hides nothing; was the file "
                                "or the pipe empty that it "
                                "was read from?"));
  }
  if (value.size() > kMostBytes) {
    return Invalid(absl::StrCat("the value of ", name,
                                " has more than 64 KiB; give the app a file"));
  }
  if (value.find('\0') != std::string_view::npos) {
    return Invalid(absl::StrCat("the value of ", name,
                                " has a NUL byte, which no environment "
                                "variable can hold"));
  }
  if (!Has(name) && secrets_.size() >= kMostSecrets) {
    return absl::ResourceExhaustedError(
        "there are 1,000 secrets; delete some (fleetctl secret rm)");
  }
  SecretRecord record = secrets_[name];
  const bool fresh = record.version == 0;
  record.name = name;
  ++record.version;
  record.update_time = clock_.WallNow();
  if (fresh) record.create_time = record.update_time;
  record.actor = actor;
  absl::Status saved = database_.Run(
      "INSERT OR REPLACE INTO secrets (name, version, sealed, create_ms,"
      " update_ms, actor) VALUES (?, ?, ?, ?, ?, ?)",
      {name, record.version, Blob(key_.Seal(value, name)),
       absl::ToUnixMillis(record.create_time),
       absl::ToUnixMillis(record.update_time), actor});
  if (!saved.ok()) {
    if (fresh) secrets_.erase(name);
    return saved;
  }
  secrets_[name] = record;
  return record;
}

absl::Status SecretStore::Delete(const std::string& name) {
  if (!Has(name)) return NotFound(name);
  RETURN_IF_ERROR(database_.Run("DELETE FROM secrets WHERE name = ?", {name}));
  secrets_.erase(name);
  return absl::OkStatus();
}

absl::StatusOr<std::string> SecretStore::Reveal(const std::string& name) {
  if (!Has(name)) return NotFound(name);
  std::string sealed;
  RETURN_IF_ERROR(
      database_.Query("SELECT sealed FROM secrets WHERE name = ?", {name},
                      [&](const SqliteRow& row) { sealed = row.Text(0); }));
  absl::StatusOr<std::string> value = key_.Unseal(sealed, name);
  if (value.ok()) return value;
  return Annotate(value.status(), absl::StrCat("secret ", name));
}

}  // namespace fleet::controller
