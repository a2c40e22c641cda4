// Callers, tokens and audit records, as a person reads them.
#ifndef FLEET_CLI_RENDER_ACCESS_TEXT_H_
#define FLEET_CLI_RENDER_ACCESS_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "cli/render/text_style.h"
#include "fleet/v1/access_service.pb.h"
#include "fleet/v1/audit_service.pb.h"
#include "fleet/v1/secret_service.pb.h"

namespace fleet::cli {

// Pure. Times are calendar ones.

// "ci-web, deployer of apps web* on hosts role=web".
std::string CallerText(const v1::GetCallerResponse& caller);
// What to do with a token that was just made, in lines.
std::string TokenNotice(const v1::Token& token, const std::string& address,
                        absl::Time now);
// Likewise with a user's certificate.
std::string CertificateNotice(const v1::Token& token,
                              const std::string& address, absl::Time now);
// What a secret that was just set to so many bytes changes, in lines.
std::string SecretNotice(const v1::Secret& secret, size_t value_bytes);
std::string TokenTable(const v1::ListTokensResponse& tokens, absl::Time now,
                       const TextStyle& style);
std::string AuditTable(const v1::ListAuditRecordsResponse& records,
                       const TextStyle& style);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_ACCESS_TEXT_H_
