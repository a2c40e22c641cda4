// Keys, from what a terminal sends.
#ifndef FLEET_CLI_MONIT_KEY_PARSER_H_
#define FLEET_CLI_MONIT_KEY_PARSER_H_

#include <string>
#include <string_view>
#include <vector>

namespace fleet::cli {

struct Key {
  enum class Kind {
    kText,  // `text`: one character.
    kUp,
    kDown,
    kLeft,
    kRight,
    kPageUp,
    kPageDown,
    kHome,
    kEnd,
    kTab,
    kEnter,
    kEscape,
    kBackspace,
    kInterrupt,  // Ctrl-C.
    kSuspend,    // Ctrl-Z.
    kRedraw,     // Ctrl-L.
  };
  Kind kind = Kind::kText;
  std::string text;

  bool operator==(const Key&) const = default;
};

// Puts keys together from bytes that come in pieces. At most 64 bytes of an
// unfinished sequence are kept.
class KeyParser {
 public:
  // The keys that are complete now. A sequence that is not known is no key.
  std::vector<Key> Take(std::string_view bytes);
  // Nothing more came for a while: a lone escape is the key.
  std::vector<Key> TakeRest();
  bool waiting() const { return !pending_.empty(); }

 private:
  std::string pending_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_MONIT_KEY_PARSER_H_
