#include "tests/e2e/event_tail.h"

#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tests/e2e/child_process.h"

namespace fleet::e2e {
namespace {

// Without the enum's prefix.
std::string Text(const nlohmann::json& event, const char* field,
                 const char* prefix) {
  const std::string name = event.value(field, "");
  return std::string(absl::StripPrefix(name, prefix));
}

// Numbers of 64 bits are strings in the JSON of protos.
int64_t Number(const nlohmann::json& event, const char* field) {
  const nlohmann::json value = event.value(field, nlohmann::json(0));
  return value.is_string() ? std::stoll(value.get<std::string>())
                           : value.get<int64_t>();
}

}  // namespace

std::vector<SeenEvent> EventTail::Read() const {
  std::string text = ReadFile(file_);
  text.erase(text.rfind('\n') + 1);  // npos + 1 is 0.
  std::istringstream lines(text);
  std::vector<SeenEvent> events;
  for (std::string line; std::getline(lines, line);) {
    const auto parsed = nlohmann::json::parse(line, nullptr, false);
    if (!parsed.is_object() || !parsed.contains("event")) continue;
    const nlohmann::json& event = parsed["event"];
    SeenEvent& seen = events.emplace_back();
    seen.seq = Number(event, "seq");
    seen.what = Text(event, "phase", "ROLLOUT_PHASE_");
    seen.message = event.value("message", "");
    const std::string host = event.value("host", "");
    if (host.empty()) continue;
    absl::StrAppend(&seen.what, " ", host, " ",
                    Text(event, "host_phase", "HOST_STEP_PHASE_"));
  }
  return events;
}

std::string EventTail::Gap() const {
  int64_t last = 0;
  for (const SeenEvent& event : Read()) {
    if (event.seq != last + 1) {
      return absl::StrCat("event ", event.seq, " follows event ", last);
    }
    last = event.seq;
  }
  return last == 0 ? "no event at all" : "";
}

}  // namespace fleet::e2e
