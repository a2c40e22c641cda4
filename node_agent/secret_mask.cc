#include "node_agent/secret_mask.h"

#include <utility>

#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace fleet::agent {

void SecretMask::Add(const AppSpec& spec) {
  for (const auto& [variable, secret] : spec.secrets) {
    auto value = spec.env.find(variable);
    if (value == spec.env.end()) continue;
    for (absl::string_view line : absl::StrSplit(value->second, '\n')) {
      line = absl::StripSuffix(line, "\r");
      if (line.size() >= kShortest) values_.emplace(line);
    }
  }
}

std::string SecretMask::Mask(const std::string& text) const {
  if (values_.empty()) return text;
  // Of values that begin alike the longest is taken.
  std::vector<std::pair<absl::string_view, absl::string_view>> replacements;
  for (const std::string& value : values_) {
    replacements.emplace_back(value, "***");
  }
  return absl::StrReplaceAll(text, replacements);
}

std::vector<std::string> SecretMask::Mask(
    std::vector<std::string> lines) const {
  for (std::string& line : lines) line = Mask(line);
  return lines;
}

}  // namespace fleet::agent
