// What `fleetctl monit` knows and shows: plain values, and the rows that come
// of them.
#ifndef FLEET_CLI_MONIT_MONIT_STATE_H_
#define FLEET_CLI_MONIT_MONIT_STATE_H_

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cli/monit/usage_history.h"
#include "cli/render/text_style.h"
#include "fleet/v1/app_service.pb.h"
#include "fleet/v1/host_service.pb.h"
#include "fleet/v1/log_service.pb.h"

namespace fleet::cli {

// What the user may have done to an app.
struct MonitOrder {
  enum class Kind { kReload, kRestart, kStop, kStart, kScaleUp, kScaleDown };
  Kind kind = Kind::kReload;
  std::string app;
  // Empty: every host.
  std::string hosts;

  bool operator==(const MonitOrder&) const = default;
};

// "reload web on all hosts".
std::string OrderText(const MonitOrder& order);

// An instance by what stays when its worker is replaced.
struct InstanceKey {
  std::string app;
  std::string host;
  int slot = -1;  // -1: the app has no worker there.

  auto operator<=>(const InstanceKey&) const = default;
};

enum class MonitPane { kHosts, kInstances };

// Log lines that are kept of the selected app.
inline constexpr size_t kMonitLogLines = 500;

struct MonitState {
  v1::ListHostsResponse hosts;
  v1::ListAppsResponse apps;
  UsageHistory history;
  // Steady time of the last answer; why the next one did not come.
  absl::Time updated = absl::InfinitePast();
  std::string problem;

  MonitPane pane = MonitPane::kInstances;
  std::string selected_host;
  InstanceKey selected;
  // Only instances of this host; empty: of all.
  std::string only_host;
  // Only rows in which this occurs.
  std::string filter;
  bool editing_filter = false;
  bool help = false;
  // Waits for a yes.
  std::optional<MonitOrder> asked;

  // What came of the last order, until a point of steady time.
  std::string message;
  Colour message_colour = Colour::kNone;
  absl::Time message_until = absl::InfinitePast();

  // Of the selected app, oldest first; at most kMonitLogLines.
  std::deque<v1::LogLine> logs;
  std::string logs_app;
};

// A row of the lower pane. The pointers are into the state.
struct InstanceRow {
  InstanceKey key;
  const v1::App* app = nullptr;
  const v1::HostApp* host = nullptr;
  const v1::Instance* instance = nullptr;  // Null: none runs there.
};

// By app, host and slot, without those that only_host and the filter leave
// out.
std::vector<InstanceRow> InstanceRows(const MonitState& state);
// By name.
std::vector<const v1::Host*> HostRows(const MonitState& state);

// Where the selection is among the rows; the nearest when it is gone.
size_t SelectedInstance(const MonitState& state,
                        const std::vector<InstanceRow>& rows);
size_t SelectedHost(const MonitState& state,
                    const std::vector<const v1::Host*>& rows);

// The selection is put on a row that there is.
void SettleSelection(MonitState& state);

void AddLogs(const v1::TailLogsResponse& message, MonitState& state);

}  // namespace fleet::cli

#endif  // FLEET_CLI_MONIT_MONIT_STATE_H_
