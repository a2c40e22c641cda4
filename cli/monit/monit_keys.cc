#include "cli/monit/monit_keys.h"

#include <algorithm>
#include <array>

namespace fleet::cli {
namespace {

using Kind = Key::Kind;

constexpr size_t kLongestFilter = 40;

constexpr std::array<KeyDoc, 15> kKeyDocs = {{
    {"r", "reload"},
    {"R", "restart"},
    {"s", "stop"},
    {"S", "start"},
    {"+ -", "scale"},
    {"/", "filter"},
    {"tab", "hosts"},
    {"?", "help"},
    {"q", "quit"},
    {"↑ ↓ j k", "one row up or down"},
    {"pgup pgdn", "a page up or down; home and end: first and last"},
    {"enter", "on a host: only its instances, and orders only there"},
    {"esc", "take filter and host back"},
    {"ctrl-l", "draw anew"},
    {"ctrl-z", "suspend"},
}};

bool IsText(const Key& key, std::string_view text) {
  return key.kind == Kind::kText && key.text == text;
}

std::optional<MonitOrder::Kind> OrderOf(const Key& key) {
  if (IsText(key, "r")) return MonitOrder::Kind::kReload;
  if (IsText(key, "R")) return MonitOrder::Kind::kRestart;
  if (IsText(key, "s")) return MonitOrder::Kind::kStop;
  if (IsText(key, "S")) return MonitOrder::Kind::kStart;
  if (IsText(key, "+") || IsText(key, "=")) return MonitOrder::Kind::kScaleUp;
  if (IsText(key, "-")) return MonitOrder::Kind::kScaleDown;
  return std::nullopt;
}

bool EndsWorkers(MonitOrder::Kind kind) {
  switch (kind) {
    case MonitOrder::Kind::kReload:
    case MonitOrder::Kind::kRestart:
    case MonitOrder::Kind::kStop:
    case MonitOrder::Kind::kScaleDown:
      return true;
    case MonitOrder::Kind::kStart:
    case MonitOrder::Kind::kScaleUp:
      return false;
  }
  return true;
}

// Rows to move; the sizes of an int are enough for "to the end".
int StepOf(const Key& key, size_t page) {
  const int far = 1 << 20;
  const int rows = static_cast<int>(std::max<size_t>(page, 1));
  if (key.kind == Kind::kUp || IsText(key, "k")) return -1;
  if (key.kind == Kind::kDown || IsText(key, "j")) return 1;
  if (key.kind == Kind::kPageUp) return -rows;
  if (key.kind == Kind::kPageDown || IsText(key, " ")) return rows;
  if (key.kind == Kind::kHome || IsText(key, "g")) return -far;
  if (key.kind == Kind::kEnd || IsText(key, "G")) return far;
  return 0;
}

size_t Moved(size_t index, int step, size_t count) {
  const auto last = static_cast<ptrdiff_t>(count) - 1;
  return static_cast<size_t>(
      std::clamp<ptrdiff_t>(static_cast<ptrdiff_t>(index) + step, 0, last));
}

void Move(int step, MonitState& state) {
  if (state.pane == MonitPane::kHosts) {
    const auto rows = HostRows(state);
    if (rows.empty()) return;
    state.selected_host =
        rows[Moved(SelectedHost(state, rows), step, rows.size())]->name();
    return;
  }
  const auto rows = InstanceRows(state);
  if (rows.empty()) return;
  state.selected =
      rows[Moved(SelectedInstance(state, rows), step, rows.size())].key;
}

void EditFilter(const Key& key, MonitState& state) {
  if (key.kind == Kind::kEnter) {
    state.editing_filter = false;
  } else if (key.kind == Kind::kEscape) {
    state.editing_filter = false;
    state.filter.clear();
  } else if (key.kind == Kind::kBackspace) {
    // A whole character.
    while (!state.filter.empty()) {
      const auto last = static_cast<unsigned char>(state.filter.back());
      state.filter.pop_back();
      if ((last & 0xC0) != 0x80) break;
    }
  } else if (key.kind == Kind::kText && state.filter.size() < kLongestFilter) {
    state.filter += key.text;
  }
  SettleSelection(state);
}

MonitReaction Answer(const Key& key, MonitState& state) {
  MonitReaction reaction;
  const bool yes = IsText(key, "y") || IsText(key, "Y");
  if (yes) reaction.order = state.asked;
  state.asked.reset();
  return reaction;
}

void ToggleHost(MonitState& state) {
  if (state.pane != MonitPane::kHosts) return;
  state.only_host =
      state.only_host == state.selected_host ? "" : state.selected_host;
  SettleSelection(state);
}

MonitReaction Order(MonitOrder::Kind kind, MonitState& state) {
  MonitReaction reaction;
  if (state.selected.app.empty()) return reaction;
  const MonitOrder order = {kind, state.selected.app, state.only_host};
  if (EndsWorkers(kind)) {
    state.asked = order;
  } else {
    reaction.order = order;
  }
  return reaction;
}

}  // namespace

std::span<const KeyDoc> MonitKeyDocs() { return kKeyDocs; }

MonitReaction HandleKey(const Key& key, size_t page, MonitState& state) {
  MonitReaction reaction;
  if (key.kind == Kind::kInterrupt) {
    reaction.quit = true;
  } else if (key.kind == Kind::kSuspend) {
    reaction.suspend = true;
  } else if (key.kind == Kind::kRedraw) {
    reaction.redraw = true;
  } else if (state.asked) {
    return Answer(key, state);
  } else if (state.editing_filter) {
    EditFilter(key, state);
  } else if (state.help) {
    state.help = false;
  } else if (const auto order = OrderOf(key)) {
    return Order(*order, state);
  } else if (const int step = StepOf(key, page); step != 0) {
    Move(step, state);
  } else if (IsText(key, "q")) {
    reaction.quit = true;
  } else if (IsText(key, "?") || IsText(key, "h")) {
    state.help = true;
  } else if (IsText(key, "/")) {
    state.editing_filter = true;
  } else if (key.kind == Kind::kTab) {
    state.pane = state.pane == MonitPane::kHosts ? MonitPane::kInstances
                                                 : MonitPane::kHosts;
  } else if (key.kind == Kind::kEnter) {
    ToggleHost(state);
  } else if (key.kind == Kind::kEscape) {
    state.filter.clear();
    state.only_host.clear();
    SettleSelection(state);
  }
  return reaction;
}

}  // namespace fleet::cli
