// What a fleet says of one app, in a line.
#ifndef FLEET_CLI_RENDER_APP_SUMMARY_H_
#define FLEET_CLI_RENDER_APP_SUMMARY_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "cli/render/text_style.h"
#include "fleet/v1/app.pb.h"

namespace fleet::cli {

// All of it observed; what a host that is not connected last said counts for
// `stale_hosts` only.
struct AppSummary {
  int ready = 0;
  // Without those that people have stopped one by one.
  int desired = 0;
  int stopped = 0;
  int hosts_ok = 0;  // Connected, and all its instances are ready.
  int hosts = 0;
  int stale_hosts = 0;
  int failed_hosts = 0;  // Connected, and their newest step has failed.
  // Of running workers; of those that are being stopped when there are no
  // others.
  std::set<int64_t> revisions;
  std::string state;  // "online", "crash loop" …
  Colour colour = Colour::kNone;
  int64_t restarts = 0;
  double cpu_cores = 0;
  int64_t rss_bytes = 0;
  // Start of the youngest worker that is ready; InfinitePast: none.
  absl::Time youngest_start = absl::InfinitePast();
};

AppSummary Summarize(const v1::App& app);

// "3", "MIXED 2,3", "-" when nothing runs.
std::string RevisionText(const AppSummary& summary);

// Of an app whose hosts run several revisions: what is under way, or what to
// type next. Empty when they do not.
std::string MixedHelp(const v1::App& app, const AppSummary& summary);

// Words for people, with the colour they are shown in.
struct StateText {
  std::string text;
  Colour colour = Colour::kNone;
};
StateText InstanceStateText(v1::InstanceState state);

// Of HostApp.refusal; empty for none.
std::string RefusalText(const std::string& refusal);

// "cluster", "fork".
std::string ExecModeText(v1::ExecMode mode);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_APP_SUMMARY_H_
