// What has happened to an app lately, on all of its hosts.
#ifndef FLEET_CLI_RENDER_EVENT_TEXT_H_
#define FLEET_CLI_RENDER_EVENT_TEXT_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cli/render/text_style.h"
#include "fleet/v1/app.pb.h"

namespace fleet::cli {

struct EventLine {
  std::string age;   // "2m ago".
  std::string text;  // "web.0 on host-1: exit code 1 after 12ms; …".
  Colour colour = Colour::kNone;
};

// The newest last, at most kMostEventLines. Pure.
inline constexpr size_t kMostEventLines = 20;
std::vector<EventLine> EventLines(const v1::App& app, absl::Time now);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_EVENT_TEXT_H_
