#include "cli/monit/monit_view.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/monit/monit_keys.h"
#include "cli/monit/monit_row.h"
#include "cli/render/age.h"
#include "cli/render/app_notes.h"
#include "cli/render/app_summary.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {
namespace {

constexpr CellStyle kTitle = {Colour::kBold, true};
constexpr CellStyle kHead = {Colour::kBold, false};
// Answers are expected every second.
constexpr absl::Duration kOld = absl::Seconds(4);

class View {
 public:
  View(const MonitState& state, const MonitFrame& frame)
      : state_(state),
        frame_(frame),
        layout_(LayoutOf(state, frame.size)),
        out_(frame.size.width, frame.size.height) {}

  CellBuffer Render() {
    DrawTitle();
    size_t y = 1;
    y = DrawHosts(y);
    y = DrawInstances(y);
    DrawLogs(y);
    DrawBottom();
    if (state_.help) DrawHelp();
    return std::move(out_);
  }

 private:
  size_t width() const { return out_.width(); }

  void DrawTitle() {
    out_.Paint(0, kTitle);
    out_.Put(0, 0, TitleText(), kTitle);
    const std::string clock =
        absl::FormatTime("%H:%M:%S", frame_.wall_now, absl::LocalTimeZone());
    std::string right = clock;
    CellStyle style = kTitle;
    if (!state_.problem.empty() || frame_.now - state_.updated > kOld) {
      style.colour = Colour::kRed;
      right = state_.updated == absl::InfinitePast()
                  ? "no answer yet"
                  : absl::StrCat(
                        "no answer for ",
                        HumanDuration(absl::Trunc(frame_.now - state_.updated,
                                                  absl::Seconds(1))));
    }
    const size_t columns = ColumnsOf(right) + 1;
    if (columns < width()) {
      out_.Put(width() - columns, 0, absl::StrCat(" ", right), style);
    }
  }

  std::string TitleText() const {
    int connected = 0;
    double cpu = 0;
    int cores = 0;
    for (const v1::Host& host : state_.hosts.hosts()) {
      cores += host.cores();
      if (host.state() != v1::HOST_STATE_CONNECTED) continue;
      ++connected;
      cpu += host.usage().cpu_cores();
    }
    int ready = 0;
    int desired = 0;
    for (const v1::App& app : state_.apps.apps()) {
      const AppSummary summary = Summarize(app);
      ready += summary.ready;
      desired += summary.desired;
    }
    return absl::StrFormat(
        " fleet  hosts %d/%d  apps %d  ready %d/%d  cpu %.1f/%d", connected,
        state_.hosts.hosts_size(), state_.apps.apps_size(), ready, desired, cpu,
        cores);
  }

  size_t DrawHosts(size_t y) {
    const bool focused = state_.pane == MonitPane::kHosts;
    out_.Put(0, y++, HostTitles(width()), kHead);
    const auto rows = HostRows(state_);
    const size_t selected = SelectedHost(state_, rows);
    const size_t top = TopRow(selected, rows.size(), layout_.host_rows);
    for (size_t i = 0; i < layout_.host_rows; ++i, ++y) {
      if (top + i >= rows.size()) continue;
      const v1::Host& host = *rows[top + i];
      DrawHostRow(host, state_.history.OfHost(host.name()), frame_, y, out_);
      if (host.name() == state_.only_host) out_.Put(0, y, "*");
      if (focused && top + i == selected) Select(y);
    }
    return y;
  }

  size_t DrawInstances(size_t y) {
    const bool focused = state_.pane == MonitPane::kInstances;
    out_.Put(0, y, InstanceTitles(width()), kHead);
    const auto rows = InstanceRows(state_);
    const std::string narrowed = NarrowedText(rows.size());
    const size_t columns = ColumnsOf(narrowed);
    if (columns + 1 < width()) {
      out_.Put(width() - columns, y, narrowed, {Colour::kYellow, false});
    }
    ++y;
    const size_t selected = SelectedInstance(state_, rows);
    const size_t top = TopRow(selected, rows.size(), layout_.instance_rows);
    for (size_t i = 0; i < layout_.instance_rows; ++i, ++y) {
      if (rows.empty() && i == 0) {
        out_.Put(1, y, EmptyText(), {Colour::kGrey, false});
      }
      if (top + i >= rows.size()) continue;
      const InstanceRow& row = rows[top + i];
      DrawInstanceRow(
          row,
          state_.history.OfInstance(row.key.app, row.key.host, row.key.slot),
          frame_, y, out_);
      if (focused && top + i == selected) Select(y);
    }
    return y;
  }

  std::string NarrowedText(size_t rows) const {
    if (state_.filter.empty() && state_.only_host.empty()) return "";
    std::string text = absl::StrCat(" ", rows, " rows");
    if (!state_.only_host.empty()) {
      absl::StrAppend(&text, ", host ", state_.only_host);
    }
    if (!state_.filter.empty()) {
      absl::StrAppend(&text, ", filter ", state_.filter);
    }
    return text + " ";
  }

  std::string EmptyText() const {
    if (state_.updated == absl::InfinitePast())
      return "waiting for the controller";
    if (state_.apps.apps().empty())
      return "no apps; fleetctl start FILE|SCRIPT";
    return "nothing fits; esc takes filter and host back";
  }

  void DrawLogs(size_t y) {
    const std::string& app = state_.selected.app;
    out_.Put(0, y++, app.empty() ? " logs" : absl::StrCat(" logs of ", app),
             kHead);
    DrawNote(y - 1);
    std::vector<const v1::LogLine*> lines;
    if (app == state_.logs_app) {
      for (const v1::LogLine& line : state_.logs) {
        if (!state_.only_host.empty() && line.host() != state_.only_host) {
          continue;
        }
        lines.push_back(&line);
      }
    }
    const size_t shown = std::min(lines.size(), layout_.log_rows);
    for (size_t i = lines.size() - shown; i < lines.size(); ++i) {
      DrawLogRow(*lines[i], y++, out_);
    }
  }

  // What of the selected app the user must know, beside the logs' title.
  void DrawNote(size_t y) {
    v1::ListAppsResponse one;
    for (const v1::App& app : state_.apps.apps()) {
      if (app.name() == state_.selected.app) *one.add_apps() = app;
    }
    const auto notes = AppNotes(one, frame_.wall_now);
    if (notes.empty()) return;
    const size_t x = ColumnsOf(state_.selected.app) + 11;
    out_.Put(x, y, notes[0], {Colour::kYellow, false});
  }

  void DrawBottom() {
    const size_t y = out_.height() - 1;
    if (state_.asked) {
      out_.Paint(y, {Colour::kYellow, true});
      out_.Put(0, y,
               absl::StrCat(" ", OrderText(*state_.asked),
                            "?  y: yes, any other key: no"),
               {Colour::kYellow, true});
    } else if (state_.editing_filter) {
      const size_t used =
          out_.Put(0, y, absl::StrCat(" filter: ", state_.filter));
      out_.Put(used, y, " ", {Colour::kNone, true});
      out_.Put(used + 2, y, "enter: keep, esc: none", {Colour::kGrey, false});
    } else if (!state_.message.empty() && frame_.now < state_.message_until) {
      out_.Put(1, y, state_.message, {state_.message_colour, false});
    } else {
      DrawKeys(y);
    }
  }

  void DrawKeys(size_t y) {
    size_t x = 1;
    for (const KeyDoc& doc : MonitKeyDocs()) {
      if (x + ColumnsOf(doc.keys) + ColumnsOf(doc.text) + 1 > width()) break;
      x += out_.Put(x, y, doc.keys, {Colour::kBold, false}) + 1;
      x += out_.Put(x, y, doc.text, {Colour::kGrey, false}) + 2;
      if (doc.text == "quit") break;
    }
  }

  void DrawHelp() {
    const auto docs = MonitKeyDocs();
    const size_t height = docs.size() + 2;
    const size_t top =
        out_.height() > height ? (out_.height() - height) / 2 : 0;
    const std::string blank(width(), ' ');
    out_.Put(0, top, blank, kTitle);
    out_.Put(1, top, "keys; any key closes this", kTitle);
    for (size_t i = 0; i < docs.size(); ++i) {
      const size_t y = top + 1 + i;
      out_.Put(0, y, blank);
      out_.Put(3, y, docs[i].keys, {Colour::kBold, false});
      out_.Put(15, y, docs[i].text);
    }
    out_.Put(0, top + 1 + docs.size(), blank, kTitle);
  }

  void Select(size_t y) {
    // In one colour, so that the line stands out and can be read.
    out_.Paint(y, {Colour::kNone, true});
  }

  // The selection is kept in sight, and nothing is scrolled without need.
  static size_t TopRow(size_t selected, size_t rows, size_t visible) {
    if (rows <= visible) return 0;
    const size_t half = visible / 2;
    const size_t top = selected > half ? selected - half : 0;
    return std::min(top, rows - visible);
  }

  const MonitState& state_;
  const MonitFrame& frame_;
  const MonitLayout layout_;
  CellBuffer out_;
};

}  // namespace

MonitLayout LayoutOf(const MonitState& state, const TerminalSize& size) {
  // Title, three lines of titles, keys.
  constexpr size_t kFixed = 5;
  const size_t rest = size.height > kFixed ? size.height - kFixed : 0;
  const size_t hosts = static_cast<size_t>(state.hosts.hosts_size());
  MonitLayout layout;
  const size_t share = state.pane == MonitPane::kHosts ? rest / 3 : rest / 5;
  layout.host_rows = std::min(std::max<size_t>(hosts, 1), share);
  layout.log_rows = (rest - layout.host_rows) / 3;
  layout.instance_rows = rest - layout.host_rows - layout.log_rows;
  return layout;
}

CellBuffer RenderMonit(const MonitState& state, const MonitFrame& frame) {
  return View(state, frame).Render();
}

}  // namespace fleet::cli
