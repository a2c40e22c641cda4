// What a key does in `fleetctl monit`.
#ifndef FLEET_CLI_MONIT_MONIT_KEYS_H_
#define FLEET_CLI_MONIT_MONIT_KEYS_H_

#include <optional>
#include <span>
#include <string_view>

#include "cli/monit/key_parser.h"
#include "cli/monit/monit_state.h"

namespace fleet::cli {

// What is to be done outside the state.
struct MonitReaction {
  bool quit = false;
  bool suspend = false;
  bool redraw = false;
  std::optional<MonitOrder> order;
};

// Pure. Whatever ends workers is asked for first. `page`: rows that a page key
// moves.
MonitReaction HandleKey(const Key& key, size_t page, MonitState& state);

struct KeyDoc {
  std::string_view keys;
  std::string_view text;
};
// For the help; the first ones are the bottom line too.
std::span<const KeyDoc> MonitKeyDocs();

}  // namespace fleet::cli

#endif  // FLEET_CLI_MONIT_MONIT_KEYS_H_
