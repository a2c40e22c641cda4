// fleetctl user cert|request|ls: people who come with a certificate.
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "cli/access/role_argument.h"
#include "cli/commands/commands.h"
#include "cli/render/access_text.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"
#include "proto/rpc/whole_file.h"
#include "proto/rpc/x509.h"

namespace fleet::cli {
namespace {

std::string KeyFile(const std::string& name) {
  return absl::StrCat(name, ".key");
}

// Never over another key: it could be one that is in use.
absl::StatusOr<std::string> MakeKey(const std::string& name) {
  const std::string path = KeyFile(name);
  if (name.find('/') != std::string::npos) {
    return absl::InvalidArgumentError("a user's name has no slash");
  }
  if (!absl::IsNotFound(ReadWholeFile(path).status())) {
    return absl::AlreadyExistsError(absl::StrCat(
        path, " is there already; move it away if it is not needed any more"));
  }
  ASSIGN_OR_RETURN(std::string key, MakePrivateKey());
  RETURN_IF_ERROR(ReplaceFile(path, key, 0600));
  return key;
}

absl::StatusOr<v1::CreateTokenRequest> RequestFor(const CommandLine& line,
                                                  std::string request_pem) {
  v1::CreateTokenRequest request;
  v1::Token& token = *request.mutable_token();
  token.set_kind(v1::TOKEN_KIND_CERTIFICATE);
  token.set_name(line.names[0]);
  ASSIGN_OR_RETURN(const v1::Role role, RoleArgument(line.role));
  token.set_role(role);
  token.mutable_apps()->Add(line.apps.begin(), line.apps.end());
  token.set_hosts(line.hosts);
  if (line.ttl != absl::ZeroDuration()) {
    *request.mutable_ttl() = ToProtoDuration(line.ttl);
  }
  request.set_certificate_request(std::move(request_pem));
  return request;
}

absl::StatusOr<v1::CreateTokenResponse> Certify(const CommandContext& context,
                                                std::string request_pem) {
  ASSIGN_OR_RETURN(const v1::CreateTokenRequest request,
                   RequestFor(context.line, std::move(request_pem)));
  return context.client.Call(request);
}

}  // namespace

ExitCode RunUserRequest(const CommandContext& context) {
  const std::string& name = context.line.names[0];
  absl::StatusOr<std::string> key = MakeKey(name);
  if (!key.ok()) return Fail(context, key.status());
  const auto request = MakeCertificateRequest(*key);
  if (!request.ok()) return Fail(context, request.status());
  context.err << "the key is in " << KeyFile(name)
              << "; an admin signs the request:\n  fleetctl user cert " << name
              << " --role ROLE --csr FILE" << std::endl;
  context.out << *request;
  return ExitCode::kSuccess;
}

ExitCode RunUserCert(const CommandContext& context) {
  const std::string& name = context.line.names[0];
  const std::string& csr = context.line.request_file;
  // Before a key is made for nothing.
  if (const auto role = RoleArgument(context.line.role); !role.ok()) {
    return FailUsage(context, ToStd(role.status().message()));
  }
  absl::StatusOr<std::string> request;
  if (csr.empty()) {
    absl::StatusOr<std::string> key = MakeKey(name);
    request = key.ok() ? MakeCertificateRequest(*key) : key.status();
  } else {
    request = ReadWholeFile(csr);
  }
  if (!request.ok()) return Fail(context, request.status());
  const auto made = Certify(context, *request);
  if (!made.ok()) {
    if (csr.empty()) unlink(KeyFile(name).c_str());
    return Fail(context, made.status());
  }
  const std::string chain =
      absl::StrCat(made->certificate(), made->authority());
  context.err << CertificateNotice(made->token(), context.client.address(),
                                   context.clock.WallNow());
  if (!csr.empty()) {
    context.out << chain;
    return ExitCode::kSuccess;
  }
  const absl::Status saved =
      ReplaceFile(absl::StrCat(name, ".pem"), chain, 0644);
  return saved.ok() ? ExitCode::kSuccess : Fail(context, saved);
}

ExitCode RunUserLs(const CommandContext& context) {
  v1::ListTokensRequest request;
  request.set_include_ended(context.line.include_ended);
  const auto tokens = context.client.Call(request);
  if (!tokens.ok()) return Fail(context, tokens.status());
  v1::ListTokensResponse users;
  for (const v1::Token& token : tokens->tokens()) {
    if (token.kind() == v1::TOKEN_KIND_CERTIFICATE) *users.add_tokens() = token;
  }
  if (PrintMessage(context, users)) return ExitCode::kSuccess;
  if (users.tokens_size() == 0) {
    context.err << "no user has a certificate; fleetctl user cert makes one"
                << std::endl;
    return ExitCode::kSuccess;
  }
  context.out << TokenTable(users, context.clock.WallNow(), context.out_style);
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
