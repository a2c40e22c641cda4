// fleetctl token create|ls|revoke.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/access/grant.h"
#include "cli/commands/commands.h"
#include "cli/render/access_text.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

absl::Status AddLabels(const std::vector<std::string>& labels,
                       v1::Token& token) {
  for (const std::string& label : labels) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(label, absl::MaxSplits('=', 1));
    if (parts.first.empty() || label.find('=') == std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--label ", label, ": must be KEY=VALUE, e.g. --label role=web"));
    }
    (*token.mutable_labels())[parts.first] = parts.second;
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::CreateTokenRequest> RequestFor(const CommandLine& line) {
  v1::CreateTokenRequest request;
  v1::Token& token = *request.mutable_token();
  if (!line.join_host.empty()) {
    token.set_kind(v1::TOKEN_KIND_JOIN);
    token.set_host(line.join_host);
    token.set_name(line.names.empty() ? line.join_host : line.names[0]);
    RETURN_IF_ERROR(AddLabels(line.labels, token));
  } else if (line.names.empty()) {
    return absl::InvalidArgumentError(
        "name the token after whoever gets it, e.g. fleetctl token create "
        "ci-web --role deployer --apps 'web*'; for a new host: --join HOST");
  } else {
    token.set_kind(v1::TOKEN_KIND_API);
    token.set_name(line.names[0]);
    RETURN_IF_ERROR(SetGrant(line, token));
  }
  SetTtl(line, request);
  return request;
}

}  // namespace

ExitCode RunTokenCreate(const CommandContext& context) {
  const auto request = RequestFor(context.line);
  if (!request.ok()) {
    return FailUsage(context, ToStd(request.status().message()));
  }
  const auto made = context.client.Call(*request);
  if (!made.ok()) return Fail(context, made.status());
  if (PrintMessage(context, *made)) return ExitCode::kSuccess;
  context.err << TokenNotice(made->token(), context.client.address(),
                             context.clock.WallNow());
  context.out << made->secret() << "\n";
  return ExitCode::kSuccess;
}

ExitCode RunTokenLs(const CommandContext& context) {
  v1::ListTokensRequest request;
  request.set_include_ended(context.line.include_ended);
  const auto tokens = context.client.Call(request);
  if (!tokens.ok()) return Fail(context, tokens.status());
  if (PrintMessage(context, *tokens)) return ExitCode::kSuccess;
  if (tokens->tokens_size() == 0) {
    context.err << "no tokens; fleetctl token create makes one" << std::endl;
    return ExitCode::kSuccess;
  }
  context.out << TokenTable(*tokens, context.clock.WallNow(),
                            context.out_style);
  return ExitCode::kSuccess;
}

ExitCode RunTokenRevoke(const CommandContext& context) {
  v1::RevokeTokenRequest request;
  request.set_token(context.line.names[0]);
  request.set_issued_id(context.line.issued_id);
  const auto revoked = context.client.Call(request);
  if (!revoked.ok()) return Fail(context, revoked.status());
  if (absl::StrContains(request.token(), ':')) {
    context.err << "OIDC tokens of " << request.token()
                << " that have been issued until now are good no more; what is "
                   "open with them ends now. New ones are good in a minute, as "
                   "long as a rule of the issuer fits them"
                << std::endl;
    return ExitCode::kSuccess;
  }
  context.err << "revoked " << revoked->revoked()
              << (revoked->revoked() == 1 ? " token or certificate"
                                          : " tokens or certificates")
              << "; what is open with it ends now" << std::endl;
  return ExitCode::kSuccess;
}

ExitCode RunHostsRevoke(const CommandContext& context) {
  v1::RevokeHostRequest request;
  request.set_host(context.line.names[0]);
  const auto revoked = context.client.Call(request);
  if (!revoked.ok()) return Fail(context, revoked.status());
  context.err
      << "host " << request.host() << " is cut off and stays out ("
      << revoked->certificates()
      << (revoked->certificates() == 1 ? " certificate" : " certificates")
      << " revoked).\nIts workers go on at what it last accepted. To let "
         "it in again: fleetctl token create --join "
      << request.host() << std::endl;
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
