#include "cli/render/event_text.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/render/age.h"
#include "proto/rpc/proto_time.h"

namespace fleet::cli {
namespace {

std::string WhereText(const v1::App& app, const std::string& host, int slot) {
  return absl::StrCat(app.name(), slot < 0 ? "" : absl::StrCat(".", slot),
                      " on ", host, ": ");
}

}  // namespace

std::vector<EventLine> EventLines(const v1::App& app, absl::Time now) {
  std::vector<std::pair<absl::Time, EventLine>> events;
  for (const v1::HostApp& host : app.hosts()) {
    for (const v1::AppEvent& event : host.status().events()) {
      EventLine line;
      line.age = absl::StrCat(AgeText(true, event.time(), now), " ago");
      line.text =
          absl::StrCat(WhereText(app, host.host(), event.slot()), event.text());
      if (event.kind() == v1::APP_EVENT_KIND_CRASH_LOOP) {
        line.colour = Colour::kRed;
      }
      events.emplace_back(FromProto(event.time()), std::move(line));
    }
  }
  std::stable_sort(
      events.begin(), events.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  const size_t left_out =
      events.size() - std::min(events.size(), kMostEventLines);
  std::vector<EventLine> lines;
  for (size_t i = left_out; i < events.size(); ++i) {
    lines.push_back(std::move(events[i].second));
  }
  return lines;
}

}  // namespace fleet::cli
