#include "node_agent/secret_mask.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr std::string_view kHidden = "***";

bool IsWordByte(char c) { return absl::ascii_isalnum(static_cast<uint8_t>(c)); }

// Whether the bytes at both sides of a place belong to one word.
bool GoesOn(const std::string& text, size_t place) {
  return place > 0 && place < text.size() && IsWordByte(text[place - 1]) &&
         IsWordByte(text[place]);
}

std::string HideWord(std::string text, const std::string& word) {
  size_t at = 0;
  while ((at = text.find(word, at)) != std::string::npos) {
    if (GoesOn(text, at) || GoesOn(text, at + word.size())) {
      ++at;
      continue;
    }
    text.replace(at, word.size(), kHidden);
    at += kHidden.size();
  }
  return text;
}

}  // namespace

void SecretMask::Add(const AppSpec& spec) {
  for (const auto& [variable, secret] : spec.secrets) {
    auto value = spec.env.find(variable);
    if (value == spec.env.end()) continue;
    for (absl::string_view line : absl::StrSplit(value->second, '\n')) {
      line = absl::StripSuffix(line, "\r");
      if (line.size() >= kShortestHiddenAnywhere) {
        values_.emplace(line);
      } else if (std::any_of(line.begin(), line.end(), IsWordByte)) {
        words_.emplace(line);
      }
    }
  }
}

std::string SecretMask::Mask(const std::string& text) const {
  // Of values that begin alike the longest is taken.
  std::vector<std::pair<absl::string_view, absl::string_view>> replacements;
  for (const std::string& value : values_) {
    replacements.emplace_back(value, ToAbsl(kHidden));
  }
  std::string masked = absl::StrReplaceAll(text, replacements);
  for (const std::string& word : words_) {
    masked = HideWord(std::move(masked), word);
  }
  return masked;
}

std::vector<std::string> SecretMask::Mask(
    std::vector<std::string> lines) const {
  for (std::string& line : lines) line = Mask(line);
  return lines;
}

}  // namespace fleet::agent
