#include "cli/access/controller_access.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/access/context_file.h"
#include "proto/rpc/address.h"
#include "proto/rpc/authority_fetch.h"
#include "proto/rpc/status.h"
#include "proto/rpc/whole_file.h"
#include "proto/rpc/x509.h"

namespace fleet::cli {
namespace {

constexpr absl::Duration kFetchLimit = absl::Seconds(10);

std::string CacheFolder(const Environment& env) {
  const std::string cache = env("XDG_CACHE_HOME");
  if (cache.starts_with('/')) return cache + "/fleet";
  return env("HOME") + "/.cache/fleet";
}

absl::StatusOr<std::string> TokenOf(const Environment& env) {
  const std::string token = env("FLEET_TOKEN");
  const std::string path = env("FLEET_TOKEN_FILE");
  if (!token.empty() || path.empty()) return token;
  ASSIGN_OR_RETURN(std::string text, ReadWholeFile(path));
  return std::string(absl::StripAsciiWhitespace(text));
}

ControllerAccess Of(const FleetContext& context) {
  return {context.address, false, context.token, context.authority};
}

absl::StatusOr<ControllerAccess> Named(const FleetContexts& contexts,
                                       const std::string& name) {
  if (const FleetContext* found = contexts.Find(name)) return Of(*found);
  return absl::NotFoundError(absl::StrCat(
      "there is no context ", name,
      "; `fleetctl context ls` lists those that you have logged in to"));
}

// One that is named by address gets what a login to it left.
ControllerAccess At(const FleetContexts& contexts, const std::string& address) {
  for (const FleetContext& context : contexts.all) {
    if (context.address == address) return Of(context);
  }
  return {address, false, "", ""};
}

absl::StatusOr<ControllerAccess> Find(const AccessFlags& flags,
                                      const Environment& env,
                                      const FileExists& exists,
                                      const FleetContexts& contexts) {
  if (!flags.controller.empty()) return At(contexts, flags.controller);
  if (!flags.context.empty()) return Named(contexts, flags.context);
  const std::string address = env("FLEET_CONTROLLER");
  if (!address.empty()) return At(contexts, address);
  const std::string name = env("FLEET_CONTEXT");
  if (!name.empty()) return Named(contexts, name);
  if (!contexts.current.empty()) return Named(contexts, contexts.current);
  return ControllerAccess{"unix:" + LocalSocketPath(env, exists), true, "", ""};
}

}  // namespace

absl::StatusOr<ControllerAccess> FindAccess(const AccessFlags& flags,
                                            const Environment& env,
                                            const FileExists& exists) {
  ASSIGN_OR_RETURN(FleetContexts contexts, ReadContexts(ConfigFolder(env)));
  ASSIGN_OR_RETURN(ControllerAccess access, Find(flags, env, exists, contexts));
  ASSIGN_OR_RETURN(std::string token, TokenOf(env));
  if (token.empty() || access.local) return access;
  // It may be of another controller than the context's.
  if (token != access.token) access.authority.clear();
  access.token = token;
  return access;
}

absl::Status LearnAuthority(ControllerAccess& access, const Environment& env) {
  const std::string pin = PinOfToken(access.token);
  if (!access.authority.empty() || pin.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(Address address, ParseAddress(access.address));
  if (address.kind == Address::Kind::kUnix) return absl::OkStatus();
  const std::string folder = CacheFolder(env);
  const std::string path = absl::StrCat(folder, "/", pin, ".pem");
  absl::StatusOr<std::string> cached = ReadWholeFile(path);
  absl::StatusOr<CertificateFacts> facts = ReadCertificate(cached.value_or(""));
  if (facts.ok() && facts->fingerprint == pin) {
    access.authority = *std::move(cached);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(access.authority, FetchAuthority(address, pin, kFetchLimit));
  // What cannot be kept is fetched again next time.
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  ReplaceFile(path, access.authority, 0600).IgnoreError();
  return absl::OkStatus();
}

}  // namespace fleet::cli
