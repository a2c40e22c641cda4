#include "controller/access/token_claims.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

using nlohmann::json;

constexpr size_t kMostTextBytes = 1000;
constexpr size_t kMostDescription = 4 << 10;
constexpr int kMostDepth = 8;

void AppendText(const json& value, std::vector<std::string>& texts) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (IsPlainText(text)) texts.push_back(text);
  } else if (value.is_number() || value.is_boolean()) {
    texts.push_back(value.dump());
  }
}

std::vector<std::string> TextsOf(const json& value) {
  std::vector<std::string> texts;
  if (value.is_array()) {
    for (const json& item : value) AppendText(item, texts);
  } else {
    AppendText(value, texts);
  }
  return texts;
}

// The part between two slashes; nullopt: a tilde that stands for nothing.
std::optional<std::string> Unescape(absl::string_view part) {
  for (size_t at = part.find('~'); at != part.npos;
       at = part.find('~', at + 1)) {
    const char next = at + 1 < part.size() ? part[at + 1] : '\0';
    if (next != '0' && next != '1') return std::nullopt;
  }
  return absl::StrReplaceAll(part, {{"~0", "~"}, {"~1", "/"}});
}

std::string Escape(const std::string& name) {
  return absl::CHexEscape(
      absl::StrReplaceAll(name, {{"~", "~0"}, {"/", "~1"}}));
}

const json* AtPointer(const json& claims, std::string_view pointer) {
  const json* at = &claims;
  for (const absl::string_view part :
       absl::StrSplit(ToAbsl(pointer.substr(1)), '/')) {
    const std::optional<std::string> name = Unescape(part);
    if (!name.has_value() || !at->is_object()) return nullptr;
    auto found = at->find(*name);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

// Names have dots of their own: every way to read the path, whose length the
// rule's author chose, not the token's bearer.
void FindDotted(const json& map, const std::string& path,
                std::vector<const json*>& found) {
  if (!map.is_object()) return;
  if (auto whole = map.find(path); whole != map.end()) {
    found.push_back(&*whole);
  }
  for (size_t dot = path.find('.'); dot != path.npos;
       dot = path.find('.', dot + 1)) {
    if (auto inner = map.find(path.substr(0, dot)); inner != map.end()) {
      FindDotted(*inner, path.substr(dot + 1), found);
    }
  }
}

void DescribeAt(const json& value, const std::string& place, int depth,
                std::string& text) {
  if (text.size() >= kMostDescription) return;
  if (!value.is_object()) {
    for (const std::string& one : TextsOf(value)) {
      absl::StrAppend(&text, text.empty() ? "" : " ", place, "=", one);
      if (text.size() >= kMostDescription) return;
    }
    return;
  }
  if (depth == kMostDepth) return;
  for (const auto& [name, inner] : value.items()) {
    DescribeAt(inner, absl::StrCat(place, "/", Escape(name)), depth + 1, text);
  }
}

}  // namespace

bool IsPlainText(const std::string& text) {
  return text.size() <= kMostTextBytes &&
         std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return absl::ascii_iscntrl(c); });
}

std::vector<std::string> TokenClaims::Values(std::string_view name) const {
  if (name.starts_with('/')) {
    const json* value = AtPointer(claims_, name);
    return value == nullptr ? std::vector<std::string>() : TextsOf(*value);
  }
  const std::string path(name);
  if (auto own = claims_.find(path); own != claims_.end()) {
    return TextsOf(*own);
  }
  std::vector<const json*> found;
  FindDotted(claims_, path, found);
  return found.size() == 1 ? TextsOf(*found[0]) : std::vector<std::string>();
}

std::string TokenClaims::Describe() const {
  std::string text;
  DescribeAt(claims_, "", 0, text);
  return text;
}

absl::Status CheckClaimName(std::string_view name) {
  if (!name.starts_with('/')) return absl::OkStatus();
  for (const absl::string_view part :
       absl::StrSplit(ToAbsl(name.substr(1)), '/')) {
    if (part.empty()) {
      return absl::InvalidArgumentError(
          "a name that begins with a slash is a path, e.g. "
          "/kubernetes.io/namespace, and none of its parts is empty");
    }
    if (!Unescape(part).has_value()) {
      return absl::InvalidArgumentError(
          "in a path ~ must be ~0 (a tilde) or ~1 (a slash)");
    }
  }
  return absl::OkStatus();
}

}  // namespace fleet::controller
