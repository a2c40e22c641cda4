// fleetctl user cert|request|ls: people who come with a certificate.
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "cli/access/grant.h"
#include "cli/commands/commands.h"
#include "cli/render/access_text.h"
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

absl::StatusOr<v1::CreateTokenRequest> WantedCertificate(
    const CommandLine& line) {
  v1::CreateTokenRequest request;
  v1::Token& token = *request.mutable_token();
  token.set_kind(v1::TOKEN_KIND_CERTIFICATE);
  token.set_name(line.names[0]);
  RETURN_IF_ERROR(SetGrant(line, token));
  SetTtl(line, request);
  return request;
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
  auto request = WantedCertificate(context.line);
  if (!request.ok()) {
    return FailUsage(context, ToStd(request.status().message()));
  }
  absl::StatusOr<std::string> pem;
  if (csr.empty()) {
    absl::StatusOr<std::string> key = MakeKey(name);
    pem = key.ok() ? MakeCertificateRequest(*key) : key.status();
  } else {
    pem = ReadWholeFile(csr);
  }
  if (!pem.ok()) return Fail(context, pem.status());
  request->set_certificate_request(*std::move(pem));
  const auto made = context.client.Call(*request);
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
