#include "cli/monit/key_parser.h"

#include <array>
#include <optional>

namespace fleet::cli {
namespace {

constexpr size_t kMostPending = 64;

struct Sequence {
  std::string_view bytes;
  Key::Kind kind;
};

// What xterm and its kin, the Linux console and tmux send.
constexpr std::array<Sequence, 22> kSequences = {{
    {"\x1b[A", Key::Kind::kUp},      {"\x1bOA", Key::Kind::kUp},
    {"\x1b[B", Key::Kind::kDown},    {"\x1bOB", Key::Kind::kDown},
    {"\x1b[C", Key::Kind::kRight},   {"\x1bOC", Key::Kind::kRight},
    {"\x1b[D", Key::Kind::kLeft},    {"\x1bOD", Key::Kind::kLeft},
    {"\x1b[5~", Key::Kind::kPageUp}, {"\x1b[6~", Key::Kind::kPageDown},
    {"\x1b[H", Key::Kind::kHome},    {"\x1bOH", Key::Kind::kHome},
    {"\x1b[1~", Key::Kind::kHome},   {"\x1b[F", Key::Kind::kEnd},
    {"\x1bOF", Key::Kind::kEnd},     {"\x1b[4~", Key::Kind::kEnd},
    {"\x1b[7~", Key::Kind::kHome},   {"\x1b[8~", Key::Kind::kEnd},
    {"\x1b[Z", Key::Kind::kTab},     {"\x1b[3~", Key::Kind::kBackspace},
    {"\x1b", Key::Kind::kEscape},    {"\x1bOM", Key::Kind::kEnter},
}};

std::optional<Key::Kind> ControlKey(char c) {
  switch (c) {
    case 0x03:
      return Key::Kind::kInterrupt;
    case 0x0C:
      return Key::Kind::kRedraw;
    case 0x1A:
      return Key::Kind::kSuspend;
    case '\t':
      return Key::Kind::kTab;
    case '\r':
    case '\n':
      return Key::Kind::kEnter;
    case 0x08:
    case 0x7F:
      return Key::Kind::kBackspace;
  }
  return std::nullopt;
}

// Length of an escape sequence at the start of `text` (ECMA-48: CSI … final
// byte, SS3 and one byte); 0: not all is there. Before any other byte it is the
// key escape, whose next key came in the same read: a slow line does that, and
// no key here is typed with Alt.
size_t SequenceLength(std::string_view text) {
  if (text.size() < 2) return 0;
  if (text[1] == 'O') return text.size() < 3 ? 0 : 3;
  if (text[1] != '[') return 1;
  for (size_t i = 2; i < text.size(); ++i) {
    if (text[i] >= 0x40 && text[i] <= 0x7E) return i + 1;
  }
  return 0;
}

size_t CharacterLength(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte < 0xC0) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

}  // namespace

std::vector<Key> KeyParser::Take(std::string_view bytes) {
  pending_.append(bytes);
  std::vector<Key> keys;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    size_t length = 1;
    if (rest[0] == '\x1b') {
      length = SequenceLength(rest);
      if (length == 0 && rest.size() < kMostPending) break;
      if (length == 0) length = rest.size();
      for (const Sequence& known : kSequences) {
        if (rest.substr(0, length) == known.bytes) {
          keys.push_back({known.kind, ""});
        }
      }
    } else if (const auto control = ControlKey(rest[0])) {
      keys.push_back({*control, ""});
    } else if (static_cast<unsigned char>(rest[0]) >= 0x20) {
      length = CharacterLength(rest[0]);
      if (length > rest.size()) break;
      keys.push_back({Key::Kind::kText, std::string(rest.substr(0, length))});
    }
    rest.remove_prefix(length);
  }
  pending_ = std::string(rest);
  return keys;
}

std::vector<Key> KeyParser::TakeRest() {
  const bool escape = pending_ == "\x1b";
  pending_.clear();
  if (!escape) return {};
  return {{Key::Kind::kEscape, ""}};
}

}  // namespace fleet::cli
