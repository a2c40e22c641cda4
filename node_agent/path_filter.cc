#include "node_agent/path_filter.h"

#include <algorithm>
#include <utility>

namespace fleet::agent {
namespace {

// Without what does not change what it means: "./", a slash at the end.
std::string Trim(std::string_view glob) {
  while (glob.starts_with("./")) glob.remove_prefix(2);
  while (glob.size() > 1 && glob.ends_with('/')) glob.remove_suffix(1);
  return std::string(glob);
}

bool MatchesAny(const std::vector<std::string>& globs, std::string_view path) {
  return std::any_of(globs.begin(), globs.end(), [path](const auto& glob) {
    return MatchesGlob(glob, path);
  });
}

}  // namespace

// The classic walk with one place to come back to, here one for `*` and one for
// `**`; linear but for a constant in practice, and never exponential.
bool MatchesGlob(std::string_view glob, std::string_view path) {
  constexpr size_t kNone = std::string_view::npos;
  size_t g = 0;
  size_t p = 0;
  size_t star = kNone;  // After the last `*`, and where it began to match.
  size_t star_at = 0;
  size_t globstar = kNone;  // The same for `**`.
  size_t globstar_at = 0;
  while (p < path.size()) {
    if (glob.substr(g).starts_with("**")) {
      g += 2;
      if (g < glob.size() && glob[g] == '/') ++g;  // Also no folder at all.
      globstar = g;
      globstar_at = p;
      star = kNone;
    } else if (g < glob.size() && glob[g] == '*') {
      star = ++g;
      star_at = p;
    } else if (g < glob.size() &&
               (glob[g] == path[p] || (glob[g] == '?' && path[p] != '/'))) {
      ++g;
      ++p;
    } else if (star != kNone && path[star_at] != '/') {
      g = star;
      p = ++star_at;
    } else if (globstar != kNone) {
      // `**/` goes on at the next name, a `**` at the end anywhere.
      star = kNone;
      g = globstar;
      bool by_names = globstar >= 1 && glob[globstar - 1] == '/';
      if (by_names) {
        size_t slash = path.find('/', globstar_at);
        if (slash == kNone) return false;
        globstar_at = slash + 1;
      } else {
        ++globstar_at;
      }
      p = globstar_at;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

PathFilter::PathFilter(std::string base, const std::vector<std::string>& globs)
    : base_(std::move(base)) {
  if (globs.empty()) names_ = {"node_modules", ".*"};
  for (const std::string& written : globs) {
    std::string glob = Trim(written);
    if (glob.empty()) continue;
    if (glob[0] == '/') {
      absolutes_.push_back(std::move(glob));
    } else if (glob.find('/') == std::string::npos) {
      names_.push_back(std::move(glob));
    } else {
      relatives_.push_back(std::move(glob));
    }
  }
}

bool PathFilter::Ignores(std::string_view path, std::string_view root) const {
  bool below = path.size() > base_.size() && path.starts_with(base_) &&
               path[base_.size()] == '/';
  for (size_t start = root.size(); start < path.size();) {
    if (path[start] == '/') {
      ++start;
      continue;
    }
    size_t end = std::min(path.find('/', start), path.size());
    if (MatchesAny(names_, path.substr(start, end - start)) ||
        MatchesAny(absolutes_, path.substr(0, end))) {
      return true;
    }
    if (below && end > base_.size() + 1 &&
        MatchesAny(relatives_,
                   path.substr(base_.size() + 1, end - base_.size() - 1))) {
      return true;
    }
    start = end + 1;
  }
  return false;
}

}  // namespace fleet::agent
