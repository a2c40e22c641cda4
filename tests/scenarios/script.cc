#include "tests/scenarios/script.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::sim {
namespace {

absl::Status Unreadable(const std::string& line) {
  return absl::InvalidArgumentError(absl::StrCat("cannot read: ", line));
}

absl::StatusOr<absl::Duration> TimeOf(const std::string& word,
                                      const std::string& line) {
  absl::Duration time;
  if (!absl::ParseDuration(word, &time)) return Unreadable(line);
  return time;
}

// "at 5s WORDS…" or "when host-1 VERIFYING WORDS…"
absl::Status AddLine(const std::string& line, Script& script) {
  std::vector<std::string> words =
      absl::StrSplit(line, ' ', absl::SkipWhitespace());
  auto rest = [&words](size_t from) {
    return std::vector<std::string>(words.begin() + static_cast<int64_t>(from),
                                    words.end());
  };
  if (words[0] == "at" && words.size() > 2) {
    Cue& cue = script.cues.emplace_back();
    ASSIGN_OR_RETURN(cue.at, TimeOf(words[1], line));
    cue.words = rest(2);
  } else if (words[0] == "when" && words.size() > 3) {
    Cue& cue = script.cues.emplace_back();
    cue.host = words[1];
    cue.phase = words[2];
    cue.words = rest(3);
  } else if (words[0] == "until" && words.size() > 1) {
    script.until = words[1];
    if (words.size() < 4) return absl::OkStatus();
    ASSIGN_OR_RETURN(script.within, TimeOf(words[3], line));
  } else {
    script.settings.push_back(std::move(words));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Script> ParseScript(const std::string& text) {
  constexpr absl::string_view kIndent = "    ";
  Script script;
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  for (const std::string& line : lines) {
    if (line.rfind("----", 0) == 0) break;
    if (line.rfind(std::string(kIndent), 0) != 0) continue;
    RETURN_IF_ERROR(AddLine(line, script));
  }
  return script;
}

}  // namespace fleet::sim
