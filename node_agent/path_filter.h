// Which paths do not count, by globs.
#ifndef FLEET_NODE_AGENT_PATH_FILTER_H_
#define FLEET_NODE_AGENT_PATH_FILTER_H_

#include <string>
#include <string_view>
#include <vector>

namespace fleet::agent {

// `*` and `?` stand for what is within one name, `**` for any number of
// folders. Pure.
bool MatchesGlob(std::string_view glob, std::string_view path);

// Immutable. Paths are absolute. A glob with a slash in it is matched with the
// path as it lies below `base` (with the whole path when the glob is absolute),
// one without with each name of it. What a folder's path is ignored by, all
// below it is too. Without globs: node_modules, and names that begin with a
// dot.
class PathFilter {
 public:
  PathFilter(std::string base, const std::vector<std::string>& globs);

  // `root` is what `path` was found below (or is): what leads there counts.
  bool Ignores(std::string_view path, std::string_view root) const;

 private:
  std::string base_;
  std::vector<std::string> names_;      // Without a slash.
  std::vector<std::string> relatives_;  // To base.
  std::vector<std::string> absolutes_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PATH_FILTER_H_
