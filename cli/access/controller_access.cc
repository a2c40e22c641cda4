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

absl::StatusOr<std::string> TokenIn(const std::string& path) {
  ASSIGN_OR_RETURN(std::string text, ReadWholeFile(path));
  return std::string(absl::StripAsciiWhitespace(text));
}

absl::StatusOr<std::string> TokenOf(const AccessFlags& flags,
                                    const Environment& env) {
  if (!flags.token_file.empty()) return TokenIn(flags.token_file);
  const std::string token = env("FLEET_TOKEN");
  const std::string path = env("FLEET_TOKEN_FILE");
  return token.empty() && !path.empty() ? TokenIn(path) : token;
}

ControllerAccess Of(const FleetContext& context) {
  ControllerAccess access;
  access.address = context.address;
  access.token = context.token;
  access.authority = context.authority;
  access.certificate = context.certificate;
  access.key = context.key;
  // Whatever cannot be read is missed at the call.
  if (!context.token_file.empty()) {
    access.token = TokenIn(context.token_file).value_or("");
  }
  return access;
}

// What the environment says of the authority and of a certificate.
absl::Status TakeEnvironment(const Environment& env, ControllerAccess& access) {
  if (const std::string pin = env("FLEET_CA_PIN"); !pin.empty()) {
    access.pin = pin;
    access.authority.clear();
  }
  if (const std::string path = env("FLEET_CA"); !path.empty()) {
    ASSIGN_OR_RETURN(access.authority, ReadWholeFile(path));
  }
  const std::string certificate = env("FLEET_CERT");
  if (certificate.empty()) return absl::OkStatus();
  return TakeCertificate(certificate, env("FLEET_KEY"), access);
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
  // However it is written: "HOST:PORT", "tcp://HOST:PORT".
  const absl::StatusOr<Address> parsed = ParseAddress(address);
  const std::string text = parsed.ok() ? parsed->ToString() : address;
  for (const FleetContext& context : contexts.all) {
    if (context.address == text) return Of(context);
  }
  return ControllerAccess{address};
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
  return ControllerAccess{"unix:" + LocalSocketPath(env, exists), true};
}

}  // namespace

absl::StatusOr<ControllerAccess> FindAccess(const AccessFlags& flags,
                                            const Environment& env,
                                            const FileExists& exists) {
  ASSIGN_OR_RETURN(FleetContexts contexts, ReadContexts(ConfigFolder(env)));
  ASSIGN_OR_RETURN(ControllerAccess access, Find(flags, env, exists, contexts));
  if (access.local) return access;
  ASSIGN_OR_RETURN(std::string token, TokenOf(flags, env));
  if (!token.empty()) {
    // One with a pin may be of another controller than the context's.
    if (token != access.token && !PinOfToken(token).empty()) {
      access.authority.clear();
    }
    access.token = token;
  }
  RETURN_IF_ERROR(TakeEnvironment(env, access));
  return access;
}

absl::Status TakeCertificate(const std::string& certificate_file,
                             const std::string& key_file,
                             ControllerAccess& access) {
  if (certificate_file.empty() || key_file.empty()) {
    return absl::InvalidArgumentError(
        "a certificate and its key go together: --cert and --key, FLEET_CERT "
        "and FLEET_KEY");
  }
  ASSIGN_OR_RETURN(const std::string chain, ReadWholeFile(certificate_file));
  ASSIGN_OR_RETURN(access.key, ReadWholeFile(key_file));
  absl::StatusOr<CertificateHandle> leaf = ParseCertificate(chain);
  if (!leaf.ok()) return Annotate(leaf.status(), certificate_file);
  access.certificate = ToPem(**leaf);
  const absl::Status fits = CheckKeyMatches(access.certificate, access.key);
  if (!fits.ok()) {
    return Annotate(fits, absl::StrCat(certificate_file, ", ", key_file));
  }
  const size_t second = chain.find("-----BEGIN CERTIFICATE-----",
                                   chain.find("-----END CERTIFICATE-----"));
  if (access.authority.empty() && second != std::string::npos) {
    access.authority = chain.substr(second);
  }
  return absl::OkStatus();
}

absl::Status LearnAuthority(ControllerAccess& access, const Environment& env) {
  const std::string pin =
      access.pin.empty() ? PinOfToken(access.token) : access.pin;
  if (!access.authority.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(Address address, ParseAddress(access.address));
  if (address.kind == Address::Kind::kUnix) return absl::OkStatus();
  if (pin.empty()) {
    // Without anything to show, the connection says what is missing.
    if (access.token.empty() && access.key.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "how the controller at ", address.ToString(),
        " is to be recognised is not known, and nothing was sent to it: give "
        "the pin of its authority (login --ca-pin, FLEET_CA_PIN; `fleetctl "
        "whoami` shows it) or the authority (login --ca, FLEET_CA)"));
  }
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
