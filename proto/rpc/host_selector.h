// Which hosts: what stands after --hosts and in a spec's `hosts`.
#ifndef FLEET_PROTO_RPC_HOST_SELECTOR_H_
#define FLEET_PROTO_RPC_HOST_SELECTOR_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace fleet {

// Either names and globs, of which one must match ("web-1,db-*"), or label
// terms, which must all hold ("role=web,zone in (a,b),tier!=old"). "all" and
// the empty text match every host. Immutable.
class HostSelector {
 public:
  // Matches every host.
  HostSelector() = default;

  bool Matches(const std::string& name,
               const std::map<std::string, std::string>& labels) const;

  // Whatever host it matches, now or later, `limit` matches, too, as far as the
  // two texts alone tell.
  bool IsWithin(const HostSelector& limit) const;

  // It names single hosts; these are they, so that a caller can say which of
  // them it does not know. Empty when it has a glob or a label term.
  std::vector<std::string> ExactNames() const;
  bool MatchesAll() const { return patterns_.empty() && terms_.empty(); }
  const std::string& text() const { return text_; }

 private:
  friend absl::StatusOr<HostSelector> ParseHostSelector(std::string_view);

  // `negated`: != and notin, which also hold for a host without the label.
  struct LabelTerm {
    std::string key;
    bool negated = false;
    std::vector<std::string> values;

    bool Implies(const LabelTerm& other) const;
  };

  std::string text_ = "all";
  std::vector<std::string> patterns_;
  std::vector<LabelTerm> terms_;
};

// INVALID_ARGUMENT says which part is wrong. At most 4 KiB and 256 parts.
absl::StatusOr<HostSelector> ParseHostSelector(std::string_view text);

// Shell glob: * ? [a-z].
bool GlobMatches(const std::string& pattern, const std::string& name);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_HOST_SELECTOR_H_
