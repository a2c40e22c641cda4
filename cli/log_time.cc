#include "cli/log_time.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {
namespace {

constexpr const char* kForms[] = {"%Y-%m-%d%ET%H:%M:%E*S%Ez",
                                  "%Y-%m-%d %H:%M:%E*S%Ez",
                                  "%Y-%m-%d%ET%H:%M:%E*S",
                                  "%Y-%m-%d %H:%M:%E*S",
                                  "%Y-%m-%d%ET%H:%M",
                                  "%Y-%m-%d %H:%M",
                                  "%Y-%m-%d"};

// Hours and minutes of today.
constexpr const char* kClockForms[] = {"%H:%M:%E*S", "%H:%M"};

bool EndsInUnit(const std::string& text) {
  return !text.empty() &&
         absl::ascii_isalpha(static_cast<unsigned char>(text.back()));
}

}  // namespace

absl::StatusOr<absl::Time> ParseLogTime(const std::string& text, absl::Time now,
                                        absl::TimeZone zone) {
  const absl::CivilDay today = absl::ToCivilDay(now, zone);
  if (text == "today") return absl::FromCivil(today, zone);
  if (text == "yesterday") return absl::FromCivil(today - 1, zone);
  if (EndsInUnit(text)) {
    if (auto ago = ParseDuration(text); ago.ok()) return now - *ago;
  }
  absl::Time time;
  std::string error;
  for (const char* form : kForms) {
    if (absl::ParseTime(form, text, zone, &time, &error)) return time;
  }
  for (const char* form : kClockForms) {
    const std::string whole =
        absl::StrCat(absl::FormatCivilTime(today), " ", text);
    if (absl::ParseTime(absl::StrCat("%Y-%m-%d ", form), whole, zone, &time,
                        &error)) {
      return time;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("expected how long ago (10m, 2h) or a time (2024-02-09, "
                   "\"2024-02-09 15:04\", 15:04, yesterday), found \"",
                   text, "\""));
}

}  // namespace fleet::cli
