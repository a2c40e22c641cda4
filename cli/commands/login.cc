// fleetctl login ADDRESS: remembers how a fleet is reached.
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cli/access/context_file.h"
#include "cli/access/controller_access.h"
#include "cli/commands/commands.h"
#include "cli/render/access_text.h"
#include "proto/rpc/address.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"
#include "proto/rpc/whole_file.h"

namespace fleet::cli {
namespace {

// From --token, FLEET_TOKEN, or standard input, so that it need not stand in a
// shell's history.
std::string TokenFor(const CommandContext& context) {
  if (!context.line.token.empty()) return context.line.token;
  std::string variable = context.env("FLEET_TOKEN");
  if (!variable.empty()) return variable;
  if (isatty(STDIN_FILENO) != 0) context.err << "token: " << std::flush;
  std::string text;
  std::getline(std::cin, text);
  return std::string(absl::StripAsciiWhitespace(text));
}

// What proves who logs in, of the ways that there are.
absl::Status TakeProof(const CommandContext& context,
                       ControllerAccess& access) {
  const CommandLine& line = context.line;
  if (!line.authority_file.empty()) {
    ASSIGN_OR_RETURN(access.authority, ReadWholeFile(line.authority_file));
  }
  access.pin = line.authority_pin;
  if (!line.certificate_file.empty() || !line.key_file.empty()) {
    return TakeCertificate(line.certificate_file, line.key_file, access);
  }
  const std::string& file =
      line.oidc_token_file.empty() ? line.token_file : line.oidc_token_file;
  if (file.empty()) {
    access.token = TokenFor(context);
  } else {
    ASSIGN_OR_RETURN(std::string text, ReadWholeFile(file));
    access.token = std::string(absl::StripAsciiWhitespace(text));
  }
  if (!access.token.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "a token is needed: --token-file, FLEET_TOKEN or standard input; an "
      "admin makes one with `fleetctl token create NAME --role ROLE`");
}

absl::StatusOr<FleetContext> LogIn(const CommandContext& context,
                                   v1::GetCallerResponse& caller) {
  ControllerAccess access;
  ASSIGN_OR_RETURN(const Address address, ParseAddress(context.line.names[0]));
  access.address = address.ToString();
  RETURN_IF_ERROR(TakeProof(context, access));
  if (!context.line.insecure) {
    RETURN_IF_ERROR(LearnAuthority(access, context.env));
  }
  ASSIGN_OR_RETURN(auto client,
                   FleetClient::Make(access, context.line.insecure));
  ASSIGN_OR_RETURN(caller, client->Call(v1::GetCallerRequest()));
  FleetContext made;
  made.name =
      context.line.context.empty() ? address.host : context.line.context;
  made.address = access.address;
  made.authority = access.authority;
  made.certificate = access.certificate;
  made.key = access.key;
  if (context.line.oidc_token_file.empty()) {
    made.token = access.token;
  } else {
    made.token_file =
        std::filesystem::absolute(context.line.oidc_token_file).string();
  }
  return made;
}

}  // namespace

ExitCode RunLogin(const CommandContext& context) {
  v1::GetCallerResponse caller;
  absl::StatusOr<FleetContext> made = LogIn(context, caller);
  if (!made.ok()) return Fail(context, made.status());
  const std::string folder = ConfigFolder(context.env);
  absl::StatusOr<FleetContexts> contexts = ReadContexts(folder);
  if (!contexts.ok()) return Fail(context, contexts.status());
  contexts->current = made->name;
  contexts->Put(*made);
  const absl::Status saved = WriteContexts(folder, *contexts);
  if (!saved.ok()) return Fail(context, saved);
  context.err << "logged in to " << made->address << " as "
              << CallerText(caller) << ";\ncontext " << made->name
              << " is the current one from now on" << std::endl;
  return ExitCode::kSuccess;
}

ExitCode RunLogout(const CommandContext& context) {
  const std::string folder = ConfigFolder(context.env);
  absl::StatusOr<FleetContexts> contexts = ReadContexts(folder);
  if (!contexts.ok()) return Fail(context, contexts.status());
  const std::string name =
      context.line.names.empty() ? contexts->current : context.line.names[0];
  if (!contexts->Remove(name)) {
    return Fail(context, absl::NotFoundError(absl::StrCat(
                             "you are not logged in",
                             name.empty() ? "" : absl::StrCat(" to ", name))));
  }
  const absl::Status saved = WriteContexts(folder, *contexts);
  if (!saved.ok()) return Fail(context, saved);
  context.err << "forgot context " << name
              << " and its token, which stays valid until it is revoked or "
                 "expires"
              << std::endl;
  return ExitCode::kSuccess;
}

ExitCode RunWhoami(const CommandContext& context) {
  const auto caller = context.client.Call(v1::GetCallerRequest());
  if (!caller.ok()) return Fail(context, caller.status());
  if (PrintMessage(context, *caller)) return ExitCode::kSuccess;
  context.out << CallerText(*caller) << "\n";
  if (caller->has_expire_time()) {
    context.out << "until "
                << absl::FormatTime("%Y-%m-%d %H:%M:%S",
                                    FromProto(caller->expire_time()),
                                    absl::LocalTimeZone())
                << "\n";
  }
  if (!caller->authority_pin().empty()) {
    context.out << "the fleet's authority has pin " << caller->authority_pin()
                << "\n";
  }
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
