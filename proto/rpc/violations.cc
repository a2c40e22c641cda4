#include "proto/rpc/violations.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

constexpr size_t kMaxPath = 4095;

}  // namespace

void Violations::Add(absl::string_view field, absl::string_view why) {
  lines_.push_back(absl::StrReplaceAll(absl::StrCat(field, ": ", why),
                                       {{"\n", "\\n"}, {"\r", "\\r"}}));
}

void Violations::Require(bool holds, absl::string_view field,
                         absl::string_view why) {
  if (!holds) Add(field, why);
}

void Violations::Range(absl::string_view field, int64_t value, int64_t low,
                       int64_t high) {
  Require(
      value >= low && value <= high, field,
      absl::StrCat(value, " is out of range, it must be ", low, " to ", high));
}

void Violations::Range(absl::string_view field, absl::Duration value,
                       absl::Duration low, absl::Duration high) {
  Require(value >= low && value <= high, field,
          absl::StrCat(DurationText(value), " is out of range, it must be ",
                       DurationText(low), " to ", DurationText(high)));
}

void Violations::Range(absl::string_view field,
                       const std::optional<absl::Duration>& value,
                       absl::Duration low, absl::Duration high) {
  if (value.has_value()) Range(field, *value, low, high);
}

void Violations::Share(absl::string_view field, const std::string& value,
                       int minimum) {
  if (value.empty()) return;
  absl::Status status = CheckNumberOrPercent(value, minimum);
  Require(status.ok(), field, status.message());
}

bool HasNul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

std::string Quoted(std::string_view text) {
  return absl::StrCat("\"", ToAbsl(text), "\"");
}

void CheckPath(absl::string_view field, const std::string& path, bool absolute,
               Violations& v) {
  if (path.empty()) return;
  v.Require(path.size() <= kMaxPath && !HasNul(path), field,
            "it must have at most 4,095 bytes and no NUL");
  v.Require(!absolute || path[0] == '/', field,
            absl::StrCat(Quoted(path), " must be an absolute path"));
}

}  // namespace fleet
