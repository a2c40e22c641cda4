#include "cli/render/cordon_text.h"

#include "absl/strings/str_cat.h"
#include "cli/render/age.h"

namespace fleet::cli {

std::string CordonWord(const v1::Cordon& cordon) {
  return cordon.drained() ? "drained" : "cordoned";
}

std::string CordonText(const std::string& host, const v1::Cordon& cordon,
                       absl::Time now) {
  std::string text = absl::StrCat(host, " is ", CordonWord(cordon));
  if (!cordon.actor().empty()) absl::StrAppend(&text, " by ", cordon.actor());
  absl::StrAppend(&text, ", ", AgeText(cordon.has_time(), cordon.time(), now),
                  " ago");
  if (!cordon.reason().empty()) absl::StrAppend(&text, ": ", cordon.reason());
  return absl::StrCat(text, "; fleetctl uncordon ", host);
}

}  // namespace fleet::cli
