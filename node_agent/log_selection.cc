#include "node_agent/log_selection.h"

#include <fnmatch.h>

#include <algorithm>
#include <string_view>

#include "absl/strings/numbers.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

bool MatchesGlob(const std::string& pattern, const std::string& app) {
  return pattern == "all" || fnmatch(pattern.c_str(), app.c_str(), 0) == 0;
}

// "web", "w*" or "all", or one of these with ".SLOT" after it.
bool MatchesTerm(const std::string& term, const std::string& app, int slot) {
  if (MatchesGlob(term, app)) return true;
  size_t dot = term.rfind('.');
  if (dot == std::string::npos) return false;
  int wanted = -1;
  if (!absl::SimpleAtoi(ToAbsl(std::string_view(term).substr(dot + 1)),
                        &wanted)) {
    return false;
  }
  return MatchesGlob(term.substr(0, dot), app) &&
         (slot == wanted || slot == LogSelection::kAnySlot);
}

}  // namespace

bool LogSelection::Matches(const LogOrigin& origin) const {
  if (origin.stream == LogStreamKind::kOut ? !out_ : !err_) return false;
  return std::any_of(apps_.begin(), apps_.end(), [&](const std::string& term) {
    return MatchesTerm(term, origin.app, origin.slot);
  });
}

}  // namespace fleet::agent
