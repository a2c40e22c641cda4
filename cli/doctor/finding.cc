#include "cli/doctor/finding.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr size_t kIndent = 9;
constexpr size_t kMostSubjects = 3;

struct Group {
  const Finding* first;
  std::vector<std::string> subjects;
  bool same_found = true;
};

const char* Word(FindingState state) {
  switch (state) {
    case FindingState::kOk:
      return "ok";
    case FindingState::kWarning:
      return "warning";
    case FindingState::kProblem:
      return "problem";
  }
  return "";
}

Colour ColourOf(FindingState state) {
  switch (state) {
    case FindingState::kOk:
      return Colour::kGreen;
    case FindingState::kWarning:
      return Colour::kYellow;
    case FindingState::kProblem:
      return Colour::kRed;
  }
  return Colour::kNone;
}

// In the order of their first members.
std::vector<Group> Grouped(const std::vector<Finding>& findings,
                           FindingState state) {
  std::vector<Group> groups;
  for (const Finding& finding : findings) {
    if (finding.state != state) continue;
    const auto same =
        std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
          return group.first->name == finding.name &&
                 group.first->advice == finding.advice;
        });
    if (same == groups.end()) {
      groups.push_back({&finding, {finding.subject}, true});
      continue;
    }
    same->subjects.push_back(finding.subject);
    same->same_found = same->same_found && same->first->found == finding.found;
  }
  return groups;
}

std::string SubjectsText(const std::vector<std::string>& subjects) {
  const size_t shown = std::min(subjects.size(), kMostSubjects);
  const std::string text = absl::StrJoin(
      subjects.begin(), subjects.begin() + static_cast<ptrdiff_t>(shown), ", ");
  return subjects.size() == shown
             ? text
             : absl::StrCat(text, " and ", subjects.size() - shown, " more");
}

std::string GroupText(const Group& group, const TextStyle& style,
                      size_t width) {
  const Finding& first = *group.first;
  std::string what =
      absl::StrCat(first.name, ": ", SubjectsText(group.subjects));
  // What is well on many hosts needs no figures.
  const bool brief =
      first.state == FindingState::kOk && group.subjects.size() > 1;
  if (!brief) {
    absl::StrAppend(&what, ": ", first.found,
                    group.same_found ? "" : " (the first)");
  }
  std::string text =
      absl::StrCat(style.Paint(ColourOf(first.state),
                               PaddedRight(Word(first.state), kIndent)),
                   Wrapped(Printable(what), kIndent, width), "\n");
  if (!first.advice.empty()) {
    absl::StrAppend(
        &text, std::string(kIndent, ' '),
        Wrapped(absl::StrCat("→ ", Printable(first.advice)), kIndent, width),
        "\n");
  }
  return text;
}

std::string Counted(int count, const char* noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

}  // namespace

int CountOf(const std::vector<Finding>& findings, FindingState state) {
  return static_cast<int>(
      std::count_if(findings.begin(), findings.end(),
                    [state](const Finding& f) { return f.state == state; }));
}

std::string FindingsText(const std::vector<Finding>& findings,
                         const TextStyle& style, size_t width) {
  constexpr size_t kDefaultWidth = 80;
  std::string text;
  for (const FindingState state :
       {FindingState::kProblem, FindingState::kWarning, FindingState::kOk}) {
    for (const Group& group : Grouped(findings, state)) {
      text += GroupText(group, style, width == 0 ? kDefaultWidth : width);
    }
  }
  const int problems = CountOf(findings, FindingState::kProblem);
  const int warnings = CountOf(findings, FindingState::kWarning);
  return absl::StrCat(text, Counted(problems, "problem"), ", ",
                      Counted(warnings, "warning"), "\n");
}

std::string FindingsJson(const std::vector<Finding>& findings) {
  nlohmann::ordered_json json;
  json["problems"] = CountOf(findings, FindingState::kProblem);
  json["warnings"] = CountOf(findings, FindingState::kWarning);
  json["findings"] = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    json["findings"].push_back({{"state", Word(finding.state)},
                                {"name", finding.name},
                                {"subject", finding.subject},
                                {"found", finding.found},
                                {"advice", finding.advice}});
  }
  return json.dump(2, ' ', false,
                   nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace fleet::cli
