#include "controller/revision_hash.h"

#include <openssl/evp.h>

#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "controller/store/record_rows.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr size_t kHashBytes = 6;

}  // namespace

AppSpec WorkerSpec(AppSpec spec) {
  spec.instances = 1;
  spec.hosts = "all";
  spec.rollout = {};
  spec.autostart = true;
  return spec;
}

std::string RevisionHash(const AppSpec& spec) {
  std::string bytes = SpecToBytes(WorkerSpec(spec));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  FLEET_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size,
                         EVP_sha256(), nullptr) == 1);
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(digest.data()), kHashBytes));
}

}  // namespace fleet::controller
