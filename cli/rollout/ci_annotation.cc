#include "cli/rollout/ci_annotation.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

// As GitHub's runner reads it back.
std::string Escaped(std::string_view text, bool property) {
  std::string out = absl::StrReplaceAll(
      ToAbsl(text), {{"%", "%25"}, {"\r", "%0D"}, {"\n", "%0A"}});
  if (!property) return out;
  return absl::StrReplaceAll(out, {{":", "%3A"}, {",", "%2C"}});
}

// What a worker has printed stands in the text above it.
std::string OneLine(absl::string_view lines) {
  std::string out;
  for (absl::string_view line : absl::StrSplit(lines, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (absl::StartsWith(line, "|")) continue;
    absl::StrAppend(&out, out.empty() ? "" : " | ", line);
  }
  return out;
}

}  // namespace

CiSystem CiSystemOf(const std::function<std::string(std::string_view)>& env) {
  if (env("GITHUB_ACTIONS") == "true") return CiSystem::kGitHub;
  if (env("GITLAB_CI") == "true") return CiSystem::kGitLab;
  return CiSystem::kNone;
}

std::string CiAnnotation(CiSystem system, std::string_view title,
                         std::string_view text) {
  const absl::string_view lines = absl::StripSuffix(ToAbsl(text), "\n");
  switch (system) {
    case CiSystem::kNone:
      return "";
    case CiSystem::kGitHub:
      return absl::StrCat("::error title=", Escaped(title, true),
                          "::", Escaped(ToStd(lines), false), "\n");
    case CiSystem::kGitLab:
      return absl::StrCat("\x1b[31;1mERROR: ", ToAbsl(title), ": ",
                          OneLine(lines), "\x1b[0m\n");
  }
  return "";
}

}  // namespace fleet::cli
