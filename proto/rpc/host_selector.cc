#include "proto/rpc/host_selector.h"

#include <fnmatch.h>

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

constexpr size_t kMaxSelectorText = 4096;
constexpr size_t kMaxParts = 256;

absl::Status BadSelector(absl::string_view part, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("host selector \"", part, "\": ", why));
}

// A host's name, a label's key or value; with `glob`, also * ? [ ].
bool IsWord(absl::string_view word, bool glob) {
  if (word.empty()) return false;
  return std::all_of(word.begin(), word.end(), [glob](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains("._-/", absl::string_view(&c, 1)) ||
           (glob && absl::StrContains("*?[]!", absl::string_view(&c, 1)));
  });
}

// At the commas that stand outside parentheses.
absl::StatusOr<std::vector<std::string>> SplitParts(absl::string_view text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (char c : text) {
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (depth < 0 || depth > 1) break;
    if (c == ',' && depth == 0) {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  if (depth != 0) return BadSelector(text, "parentheses do not match");
  if (parts.size() > kMaxParts) return BadSelector(text, "more than 256 parts");
  for (std::string& part : parts) absl::StripAsciiWhitespace(&part);
  return parts;
}

struct Term {
  std::string key;
  bool negated = false;
  std::vector<std::string> values;
};

// "key in (a,b)", "key notin (a,b)".
std::optional<Term> ParseSetTerm(absl::string_view part) {
  if (!absl::ConsumeSuffix(&part, ")")) return std::nullopt;
  std::pair<absl::string_view, absl::string_view> halves =
      absl::StrSplit(part, absl::MaxSplits('(', 1));
  std::vector<std::string> words =
      absl::StrSplit(halves.first, ' ', absl::SkipEmpty());
  if (words.size() != 2 || (words[1] != "in" && words[1] != "notin")) {
    return std::nullopt;
  }
  Term term{words[0], words[1] == "notin", {}};
  for (absl::string_view value : absl::StrSplit(halves.second, ',')) {
    term.values.emplace_back(absl::StripAsciiWhitespace(value));
  }
  return term;
}

// "key=value", "key==value", "key!=value".
std::optional<Term> ParseEqualityTerm(absl::string_view part) {
  size_t equals = part.find('=');
  if (equals == absl::string_view::npos) return std::nullopt;
  absl::string_view key = part.substr(0, equals);
  absl::string_view value = part.substr(equals + 1);
  Term term;
  term.negated = absl::ConsumeSuffix(&key, "!");
  if (!term.negated) absl::ConsumePrefix(&value, "=");
  term.key = std::string(absl::StripAsciiWhitespace(key));
  term.values.emplace_back(absl::StripAsciiWhitespace(value));
  return term;
}

absl::StatusOr<Term> ParseLabelTerm(absl::string_view part) {
  std::optional<Term> term = absl::StrContains(part, "(")
                                 ? ParseSetTerm(part)
                                 : ParseEqualityTerm(part);
  if (!term.has_value()) {
    return BadSelector(part,
                       "write KEY=VALUE, KEY!=VALUE, KEY in (A,B) or KEY notin "
                       "(A,B)");
  }
  if (!IsWord(term->key, false)) {
    return BadSelector(part, "the label's key is not valid");
  }
  for (const std::string& value : term->values) {
    if (!IsWord(value, false)) return BadSelector(part, "a value is not valid");
  }
  return *std::move(term);
}

bool Contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// Of globs only "web-*" is known to hold others: those that begin so.
bool GlobIsWithin(const std::string& glob, const std::string& limit) {
  if (glob == limit) return true;
  if (IsWord(glob, false)) return GlobMatches(limit, glob);
  absl::string_view begin = limit;
  return absl::ConsumeSuffix(&begin, "*") &&
         (begin.empty() || IsWord(begin, false)) &&
         absl::StartsWith(glob, begin);
}

}  // namespace

bool GlobMatches(const std::string& pattern, const std::string& name) {
  return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

bool HostSelector::Matches(
    const std::string& name,
    const std::map<std::string, std::string>& labels) const {
  if (!patterns_.empty()) {
    return std::any_of(patterns_.begin(), patterns_.end(),
                       [&name](const std::string& pattern) {
                         return GlobMatches(pattern, name);
                       });
  }
  return std::all_of(
      terms_.begin(), terms_.end(), [&labels](const LabelTerm& term) {
        auto label = labels.find(term.key);
        bool listed = label != labels.end() &&
                      std::find(term.values.begin(), term.values.end(),
                                label->second) != term.values.end();
        return listed != term.negated;
      });
}

bool HostSelector::LabelTerm::Implies(const LabelTerm& other) const {
  if (key != other.key) return false;
  if (!negated) {
    return std::all_of(values.begin(), values.end(), [&](const auto& value) {
      return Contains(other.values, value) != other.negated;
    });
  }
  return other.negated && std::all_of(other.values.begin(), other.values.end(),
                                      [&](const auto& value) {
                                        return Contains(values, value);
                                      });
}

bool HostSelector::IsWithin(const HostSelector& limit) const {
  if (!limit.patterns_.empty()) {
    return !patterns_.empty() &&
           std::all_of(patterns_.begin(), patterns_.end(), [&](const auto& p) {
             return std::any_of(
                 limit.patterns_.begin(), limit.patterns_.end(),
                 [&](const auto& q) { return GlobIsWithin(p, q); });
           });
  }
  return std::all_of(limit.terms_.begin(), limit.terms_.end(),
                     [this](const LabelTerm& wanted) {
                       return std::any_of(terms_.begin(), terms_.end(),
                                          [&](const LabelTerm& term) {
                                            return term.Implies(wanted);
                                          });
                     });
}

std::vector<std::string> HostSelector::ExactNames() const {
  for (const std::string& pattern : patterns_) {
    if (!IsWord(pattern, false)) return {};
  }
  return patterns_;
}

absl::StatusOr<HostSelector> ParseHostSelector(std::string_view text) {
  HostSelector selector;
  absl::string_view stripped = absl::StripAsciiWhitespace(ToAbsl(text));
  if (stripped.size() > kMaxSelectorText) {
    return absl::InvalidArgumentError("host selector: more than 4,096 bytes");
  }
  if (stripped.empty()) return selector;
  selector.text_ = std::string(stripped);
  ASSIGN_OR_RETURN(std::vector<std::string> parts, SplitParts(stripped));
  bool all = false;
  for (const std::string& part : parts) {
    if (part.empty()) return BadSelector(stripped, "there is an empty part");
    if (absl::StrContains(part, "=") || absl::StrContains(part, "(")) {
      ASSIGN_OR_RETURN(Term term, ParseLabelTerm(part));
      selector.terms_.push_back(
          {std::move(term.key), term.negated, std::move(term.values)});
    } else if (IsWord(part, true) && !absl::StartsWith(part, "!")) {
      all = all || part == "all";
      selector.patterns_.push_back(part);
    } else {
      return BadSelector(part, "it is neither a name, a glob nor a label term");
    }
  }
  if (!selector.terms_.empty() && !selector.patterns_.empty()) {
    return BadSelector(
        stripped,
        "names and label terms do not mix; use either a list of names "
        "and globs, or label terms alone");
  }
  if (all) selector.patterns_.clear();
  return selector;
}

}  // namespace fleet
