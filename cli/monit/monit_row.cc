#include "cli/monit/monit_row.h"

#include <algorithm>
#include <span>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/monit/sparkline.h"
#include "cli/render/age.h"
#include "cli/render/app_summary.h"
#include "cli/render/app_table.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {
namespace {

constexpr size_t kBars = 8;

struct CellPlace {
  const char* title;
  size_t columns;
  bool right;
  // From this width of the terminal on.
  size_t from_width;
};

// The last one takes what is left.
constexpr CellPlace kHostPlaces[] = {
    {"host", 16, false, 0},  {"cpu", 8, true, 0},     {"", kBars, false, 0},
    {"mem", 17, true, 0},    {"", kBars, false, 100}, {"load", 6, true, 0},
    {"workers", 7, true, 0}, {"up", 7, true, 110},    {"state", 0, false, 0},
};
constexpr CellPlace kInstancePlaces[] = {
    {"instance", 14, false, 0}, {"host", 12, false, 0}, {"pid", 7, true, 110},
    {"↺", 3, true, 0},          {"uptime", 6, true, 0}, {"cpu", 6, true, 0},
    {"", kBars, false, 0},      {"mem", 8, true, 0},    {"", kBars, false, 100},
    {"state", 0, false, 0},
};

// Puts texts into places, from left to right.
class RowWriter {
 public:
  RowWriter(std::span<const CellPlace> places, size_t y, CellBuffer& out)
      : places_(places), y_(y), out_(out) {}

  void Put(std::string_view text, CellStyle style = {}) {
    const CellPlace& place = places_[next_++];
    if (out_.width() < place.from_width) return;
    const bool last = next_ == places_.size();
    const size_t columns =
        last ? (out_.width() > x_ ? out_.width() - x_ : 0) : place.columns;
    const size_t used = std::min(ColumnsOf(text), columns);
    out_.Put(place.right ? x_ + columns - used : x_, y_, text, style, columns);
    x_ += columns + 1;
  }

 private:
  std::span<const CellPlace> places_;
  const size_t y_;
  CellBuffer& out_;
  size_t next_ = 0;
  size_t x_ = 1;
};

std::string Titles(std::span<const CellPlace> places, size_t width) {
  CellBuffer line(width, 1);
  RowWriter writer(places, 0, line);
  for (const CellPlace& place : places) writer.Put(place.title);
  std::string text = line.ToText();
  text.pop_back();
  return text;
}

StateText HostState(const v1::Host& host, const MonitFrame& frame) {
  if (host.state() == v1::HOST_STATE_CONNECTED) {
    return {"connected", Colour::kGreen};
  }
  if (host.state() == v1::HOST_STATE_CONFLICT) {
    return {"conflict", Colour::kRed};
  }
  return {
      absl::StrCat("away for ", AgeText(host.has_last_seen_time(),
                                        host.last_seen_time(), frame.wall_now)),
      Colour::kRed};
}

StateText InstanceState(const InstanceRow& row, const MonitFrame& frame) {
  if (!row.host->connected()) {
    return {absl::StrCat("no news for ",
                         AgeText(row.host->has_observe_time(),
                                 row.host->observe_time(), frame.wall_now)),
            Colour::kYellow};
  }
  if (row.instance == nullptr) return {"no workers", Colour::kGrey};
  StateText state = InstanceStateText(row.instance->state());
  std::string why = row.instance->reason();
  if (why.empty() && row.instance->state() != v1::INSTANCE_STATE_ONLINE) {
    why = row.instance->last_exit();
  }
  if (!why.empty()) absl::StrAppend(&state.text, ": ", why);
  return state;
}

}  // namespace

std::string HostTitles(size_t width) { return Titles(kHostPlaces, width); }

std::string InstanceTitles(size_t width) {
  return Titles(kInstancePlaces, width);
}

void DrawHostRow(const v1::Host& host, const UsageSeries& usage,
                 const MonitFrame& frame, size_t y, CellBuffer& out) {
  const bool known =
      host.state() == v1::HOST_STATE_CONNECTED && host.has_usage();
  const v1::HostUsage& now = host.usage();
  const StateText state = HostState(host, frame);
  RowWriter row(kHostPlaces, y, out);
  row.Put(host.name(), {Colour::kCyan, false});
  row.Put(known ? absl::StrFormat("%.1f/%d", now.cpu_cores(), host.cores())
                : absl::StrCat("-/", host.cores()));
  row.Put(Sparkline(usage.cpu_cores, kBars, host.cores(), frame.utf8),
          {Colour::kGreen, false});
  row.Put(absl::StrCat(known ? HumanSize(now.memory_used_bytes()) : "-", "/",
                       HumanSize(host.memory_bytes())));
  row.Put(Sparkline(usage.memory_bytes, kBars,
                    static_cast<double>(host.memory_bytes()), frame.utf8),
          {Colour::kGreen, false});
  row.Put(known ? absl::StrFormat("%.2f", now.load1()) : "-");
  row.Put(absl::StrCat(host.instances_ready(), "/", host.instances()));
  row.Put(known ? AgeText(host.has_connect_time(), host.connect_time(),
                          frame.wall_now)
                : "-");
  row.Put(state.text, {state.colour, false});
}

void DrawInstanceRow(const InstanceRow& instance, const UsageSeries& usage,
                     const MonitFrame& frame, size_t y, CellBuffer& out) {
  const InstanceKey& key = instance.key;
  const v1::Instance none;
  const v1::Instance& worker =
      instance.instance == nullptr ? none : *instance.instance;
  const bool alive = worker.pid() > 0;
  const StateText state = InstanceState(instance, frame);
  RowWriter row(kInstancePlaces, y, out);
  row.Put(key.slot < 0 ? key.app : absl::StrCat(key.app, ".", key.slot),
          {Colour::kCyan, false});
  row.Put(key.host);
  row.Put(alive ? absl::StrCat(worker.pid()) : "-");
  row.Put(absl::StrCat(worker.restarts()));
  row.Put(alive ? AgeText(worker.has_start_time(), worker.start_time(),
                          frame.wall_now)
                : "-");
  row.Put(alive ? CpuText(worker.cpu_cores()) : "-");
  row.Put(Sparkline(usage.cpu_cores, kBars, 1, frame.utf8),
          {Colour::kGreen, false});
  row.Put(alive ? HumanSize(worker.rss_bytes()) : "-");
  row.Put(Sparkline(usage.memory_bytes, kBars, 0, frame.utf8),
          {Colour::kGreen, false});
  row.Put(state.text, {state.colour, false});
}

void DrawLogRow(const v1::LogLine& line, size_t y, CellBuffer& out) {
  const bool is_err = line.stream() == v1::LOG_STREAM_ERR;
  const size_t used =
      out.Put(1, y, absl::StrCat(line.host(), " .", line.slot()),
              {is_err ? Colour::kRed : Colour::kGrey, false});
  out.Put(used + 2, y, line.text());
}

}  // namespace fleet::cli
