#include "cli/render/event_text.h"

#include <gtest/gtest.h>

#include "tests/cli/proto_text.h"

namespace fleet::cli {
namespace {

TEST(EventText, EventsOfAllHostsAreInTheOrderOfTime) {
  auto app = FromText<v1::App>(R"pb(
    name: "web"
    hosts {
      host: "host-1"
      status {
        events {
          time { seconds: 1000 }
          kind: APP_EVENT_KIND_CRASH
          slot: 1
          text: "exit code 1 after 12ms; restarted at once"
        }
        events {
          time { seconds: 1090 }
          kind: APP_EVENT_KIND_CRASH_LOOP
          slot: 1
          text: "crash loop"
        }
      }
    }
    hosts {
      host: "host-2"
      status {
        events {
          time { seconds: 1050 }
          kind: APP_EVENT_KIND_RENEWAL
          slot: -1
          text: "is replaced"
        }
      }
    })pb");
  const absl::Time now = absl::FromUnixSeconds(1100);
  std::string text;
  for (const EventLine& line : EventLines(app, now)) {
    text += line.age + " " + line.text + "\n";
  }
  EXPECT_EQ(text,
            "1m40s ago web.1 on host-1: exit code 1 after 12ms; restarted at "
            "once\n"
            "50s ago web on host-2: is replaced\n"
            "10s ago web.1 on host-1: crash loop\n");
  EXPECT_EQ(EventLines(app, now).back().colour, Colour::kRed);

  v1::AppStatus& status = *app.mutable_hosts(0)->mutable_status();
  for (int i = 0; i < 30; ++i) *status.add_events() = status.events(0);
  const auto lines = EventLines(app, now);
  ASSERT_EQ(lines.size(), kMostEventLines);
  EXPECT_EQ(lines.back().text, "web.1 on host-1: crash loop");
}

}  // namespace
}  // namespace fleet::cli
