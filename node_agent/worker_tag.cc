#include "node_agent/worker_tag.h"

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace fleet::agent {
namespace {

constexpr char kVersion[] = "w1";
constexpr size_t kFields = 8;

struct Flag {
  const char* name;
  bool WorkerProgress::*value;
};
constexpr std::array<Flag, 7> kFlags = {{
    {"ready", &WorkerProgress::ready_message},
    {"notify", &WorkerProgress::notify_ready},
    {"listening", &WorkerProgress::listening},
    {"leaving", &WorkerProgress::leaving},
    {"serving", &WorkerProgress::serving},
    {"stopping", &WorkerProgress::stopping},
    {"inside-line", &WorkerProgress::inside_line},
}};

}  // namespace

std::string EncodeWorkerTag(const WorkerIdentity& identity) {
  return absl::StrJoin(
      std::make_tuple(kVersion, identity.app_uid, identity.app, identity.slot,
                      identity.generation, identity.revision,
                      absl::ToUnixMicros(identity.start_time), identity.lane),
      "\t");
}

std::optional<WorkerIdentity> DecodeWorkerTag(WorkerId id,
                                              const std::string& tag) {
  std::vector<std::string> f = absl::StrSplit(tag, '\t');
  // Of an agent that knew no lanes.
  if (f.size() == kFields - 1) f.push_back("0");
  WorkerIdentity identity;
  int64_t micros = 0;
  if (f.size() != kFields || f[0] != kVersion ||
      !absl::SimpleAtoi(f[3], &identity.slot) ||
      !absl::SimpleAtoi(f[4], &identity.generation) ||
      !absl::SimpleAtoi(f[5], &identity.revision) ||
      !absl::SimpleAtoi(f[6], &micros) ||
      !absl::SimpleAtoi(f[7], &identity.lane)) {
    return std::nullopt;
  }
  identity.id = id;
  identity.app_uid = std::move(f[1]);
  identity.app = std::move(f[2]);
  identity.start_time = absl::FromUnixMicros(micros);
  return identity;
}

std::string WorkerProgress::ToText() const {
  std::vector<const char*> names;
  for (const Flag& flag : kFlags) {
    if (this->*flag.value) names.push_back(flag.name);
  }
  return absl::StrCat(absl::StrJoin(names, " "), "\n", open);
}

WorkerProgress WorkerProgress::FromText(const std::string& text) {
  WorkerProgress progress;
  std::pair<std::string, std::string> parts =
      absl::StrSplit(text, absl::MaxSplits('\n', 1));
  for (absl::string_view name : absl::StrSplit(parts.first, ' ')) {
    for (const Flag& flag : kFlags) {
      if (name == flag.name) progress.*flag.value = true;
    }
  }
  progress.open = std::move(parts.second);
  return progress;
}

}  // namespace fleet::agent
