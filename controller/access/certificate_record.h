// A certificate that the controller issued to a host.
#ifndef FLEET_CONTROLLER_ACCESS_CERTIFICATE_RECORD_H_
#define FLEET_CONTROLLER_ACCESS_CERTIFICATE_RECORD_H_

#include <map>
#include <string>

#include "absl/time/time.h"

namespace fleet::controller {

struct CertificateRecord {
  // SHA-256 in hex; the key of the record.
  std::string fingerprint;
  std::string host;
  absl::Time expire_time;  // Calendar time.
  bool revoked = false;
};

// A host that came in with a join token: what the token fixed.
struct EnrolledHost {
  std::string host;
  std::map<std::string, std::string> labels;
  absl::Time enroll_time;  // Calendar time.
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_CERTIFICATE_RECORD_H_
