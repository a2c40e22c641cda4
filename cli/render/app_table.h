// `fleetctl ls`.
#ifndef FLEET_CLI_RENDER_APP_TABLE_H_
#define FLEET_CLI_RENDER_APP_TABLE_H_

#include <string>

#include "absl/time/time.h"
#include "cli/render/text_style.h"
#include "fleet/v1/app_service.pb.h"

namespace fleet::cli {

struct TableView {
  // Calendar time.
  absl::Time now;
  TextStyle style;
  // Of the terminal; 0: none, nothing is cut.
  size_t width = 0;
  // More columns.
  bool wide = false;
};

// A row per app, and below what of it the user must know that does not fit a
// column (AppNotes). Fits 80 columns.
std::string AppTable(const v1::ListAppsResponse& apps, const TableView& view);

// A row per worker process, by app, host and slot; hosts without one have a
// row that says so.
std::string InstanceTable(const v1::ListAppsResponse& apps,
                          const TableView& view);

// AppNotes, each on a line.
std::string NotesText(const v1::ListAppsResponse& apps, const TableView& view);

// "0.3%": of one core, as PM2 and top say it.
std::string CpuText(double cores);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_APP_TABLE_H_
