#include "controller/options.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

// "--name value" and "--name=value".
class Arguments {
 public:
  explicit Arguments(const std::vector<std::string>& args) : args_(args) {}

  // The next option's name; nullopt: no more.
  std::optional<std::string> Next() {
    if (position_ == args_.size()) return std::nullopt;
    const std::string& arg = args_[position_++];
    const size_t equals = arg.find('=');
    inline_value_.reset();
    if (equals == std::string::npos) return arg;
    inline_value_ = arg.substr(equals + 1);
    return arg.substr(0, equals);
  }

  absl::StatusOr<std::string> Value(const std::string& name) {
    if (inline_value_) return *std::exchange(inline_value_, std::nullopt);
    if (position_ < args_.size()) return args_[position_++];
    return absl::InvalidArgumentError(
        absl::StrCat(name, " needs a value; see --help"));
  }

  bool HasInlineValue() const { return inline_value_.has_value(); }

 private:
  const std::vector<std::string>& args_;
  size_t position_ = 0;
  std::optional<std::string> inline_value_;
};

// Shorter than an hour is for trying it out: an agent that is away for that
// long must renew before it is let in again.
constexpr absl::Duration kShortestTtl = absl::Seconds(10);
constexpr absl::Duration kLongestTtl = absl::Hours(30 * 24);

absl::Status ParseFlag(const std::string& name, Options& options) {
  if (name == "--insecure") {
    options.insecure = true;
  } else if (name == "--help" || name == "-h") {
    options.help = true;
  } else if (name == "--version") {
    options.version = true;
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown option \"", name, "\"; see --help"));
  }
  return absl::OkStatus();
}

bool TakesValue(const std::string& name) {
  return name == "--state-dir" || name == "--listen" || name == "--log-level" ||
         name == "--ready-fd" || name == "--ca-cert" || name == "--ca-key" ||
         name == "--issuers" || name == "--gate-ca" ||
         name == "--host-cert-ttl" || name == "--server-cert-ttl";
}

absl::StatusOr<absl::Duration> ParseTtl(const std::string& name,
                                        const std::string& value) {
  ASSIGN_OR_RETURN(const absl::Duration ttl, ParseDuration(value));
  if (ttl >= kShortestTtl && ttl <= kLongestTtl) return ttl;
  return absl::InvalidArgumentError(
      absl::StrCat(name, " ", value, ": must be 10s to 30d"));
}

absl::Status SetValue(const std::string& name, const std::string& value,
                      Options& options) {
  if (name == "--state-dir") {
    options.state_dir = value;
  } else if (name == "--log-level") {
    options.log_level = value;
  } else if (name == "--ca-cert") {
    options.authority_certificate = value;
  } else if (name == "--ca-key") {
    options.authority_key = value;
  } else if (name == "--issuers") {
    options.issuers_file = value;
  } else if (name == "--gate-ca") {
    options.gate_authority = value;
  } else if (name == "--host-cert-ttl") {
    ASSIGN_OR_RETURN(options.host_certificate_ttl, ParseTtl(name, value));
  } else if (name == "--server-cert-ttl") {
    ASSIGN_OR_RETURN(options.server_certificate_ttl, ParseTtl(name, value));
  } else if (name == "--listen") {
    ASSIGN_OR_RETURN(Address address, ParseAddress(value));
    options.listen.push_back(std::move(address));
  } else if (!absl::SimpleAtoi(value, &options.ready_fd) ||
             options.ready_fd < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, " ", value, ": must be the number of an open descriptor"));
  }
  return absl::OkStatus();
}

bool HasUnix(const Options& options) {
  return std::any_of(options.listen.begin(), options.listen.end(),
                     [](const Address& address) {
                       return address.kind == Address::Kind::kUnix;
                     });
}

}  // namespace

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& args) {
  Options options;
  Arguments arguments(args);
  while (std::optional<std::string> name = arguments.Next()) {
    if (TakesValue(*name)) {
      ASSIGN_OR_RETURN(std::string value, arguments.Value(*name));
      RETURN_IF_ERROR(SetValue(*name, value, options));
      continue;
    }
    RETURN_IF_ERROR(ParseFlag(*name, options));
    if (arguments.HasInlineValue()) {
      return absl::InvalidArgumentError(
          absl::StrCat(*name, " takes no value; see --help"));
    }
  }
  if (options.help || options.version) return options;
  if (options.state_dir.empty()) {
    return absl::InvalidArgumentError(
        "--state-dir is missing: the folder where the controller keeps its "
        "store; see --help");
  }
  if (options.authority_certificate.empty() != options.authority_key.empty()) {
    return absl::InvalidArgumentError(
        "--ca-cert and --ca-key go together: a certificate authority is its "
        "certificate and its key; see --help");
  }
  // The way in for who has no token yet.
  if (options.listen.empty() || (UsesTls(options) && !HasUnix(options))) {
    options.listen.push_back(
        {Address::Kind::kUnix, "", 0,
         absl::StrCat(options.state_dir, "/controller.sock")});
  }
  return options;
}

bool UsesTls(const Options& options) {
  return !options.insecure &&
         std::any_of(options.listen.begin(), options.listen.end(),
                     [](const Address& address) {
                       return address.kind == Address::Kind::kTcp;
                     });
}

std::string HelpText() {
  return R"(Usage: fleet-controller --state-dir DIR [OPTIONS]

Keeps the apps, hosts and rollouts of a fleet. Agents and clients (fleetctl)
connect to it.

  --state-dir DIR    where the store is kept; one controller per folder
  --listen ADDRESS   unix:/PATH or HOST:PORT; may be given several times
                     (default: unix:DIR/controller.sock, which is also there
                     when the others are TCP with TLS). TCP is TLS 1.3 with
                     the fleet's own certificates, made in DIR/tls on the
                     first start
  --insecure         plaintext TCP, on loopback addresses only
  --ca-cert FILE     certificate of your own authority (PEM); with --ca-key, in
                     place of the one in DIR/tls
  --ca-key FILE      its key (PEM)
  --host-cert-ttl D  how long a host's certificate is good (24h); agents renew
                     at half of it
  --server-cert-ttl D  how long its own is good (30d); replaced at half of it
  --issuers FILE     issuers of OIDC tokens (CI systems) that are trusted, and
                     what their tokens may do (YAML; docs/access.md)
  --gate-ca FILE     authorities (PEM) by which the certificates of HTTPS metric
                     gates are checked, in place of the system's
  --log-level LEVEL  trace, debug, info, warn, error or off (default: info)
  --ready-fd N       write a line to descriptor N once it listens
  --version          print the version
  --help             print this

SIGTERM and SIGINT stop it; the fleet's workers go on without it. SIGHUP reads
--issuers again and looks whether its certificate must be renewed.
)";
}

}  // namespace fleet::controller
