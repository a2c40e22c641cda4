// Keeps secrets out of what is told of an app.
#ifndef FLEET_NODE_AGENT_SECRET_MASK_H_
#define FLEET_NODE_AGENT_SECRET_MASK_H_

#include <set>
#include <string>
#include <vector>

#include "proto/rpc/app_spec.h"

namespace fleet::agent {

// Last words, a hook's output and the answers of probes go to the controller,
// its rollouts and whoever reads them; what an app was given in secret, and
// prints there, stands as *** in them. An app's own logs are left as they are.
// Line by line, as what is told comes in lines: a value of several lines has
// each of them hidden. Lines of less than kShortestHiddenAnywhere bytes are
// hidden where they stand alone, between what is no letter or digit: within
// other words they would be found everywhere. A short line without letter or
// digit ("{") is not hidden. A value.
class SecretMask {
 public:
  // The values that RevealSecrets put into its environment.
  void Add(const AppSpec& spec);

  std::string Mask(const std::string& text) const;
  std::vector<std::string> Mask(std::vector<std::string> lines) const;

 private:
  std::set<std::string> values_;
  std::set<std::string> words_;  // Short ones.
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_SECRET_MASK_H_
