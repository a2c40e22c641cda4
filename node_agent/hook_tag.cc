#include "node_agent/hook_tag.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace fleet::agent {
namespace {

constexpr char kHookTagVersion[] = "hook1";
constexpr size_t kHookTagFields = 6;

}  // namespace

std::string EncodeHookTag(const HookTag& tag) {
  return absl::StrJoin(
      std::make_tuple(kHookTagVersion, tag.key.app_uid, tag.key.id, tag.app,
                      absl::ToUnixMicros(tag.start_time),
                      absl::ToInt64Microseconds(tag.timeout)),
      "\t");
}

std::optional<HookTag> DecodeHookTag(const std::string& text) {
  std::vector<std::string> f = absl::StrSplit(text, '\t');
  int64_t start = 0;
  int64_t timeout = 0;
  if (f.size() != kHookTagFields || f[0] != kHookTagVersion ||
      !absl::SimpleAtoi(f[4], &start) || !absl::SimpleAtoi(f[5], &timeout)) {
    return std::nullopt;
  }
  HookTag tag;
  tag.key = {std::move(f[1]), std::move(f[2])};
  tag.app = std::move(f[3]);
  tag.start_time = absl::FromUnixMicros(start);
  tag.timeout = absl::Microseconds(timeout);
  return tag;
}

}  // namespace fleet::agent
