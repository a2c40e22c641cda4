#include "proto/rpc/cron_schedule.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

constexpr size_t kMaxCronText = 256;
constexpr int kMaxYears = 9;  // February 29th may be eight years away.

enum FieldIndex { kSecond, kMinute, kHour, kDayOfMonth, kMonth, kWeekday };

struct FieldRule {
  absl::string_view name;
  int low;
  int high;
};

constexpr std::array<FieldRule, 6> kRules = {{{"second", 0, 59},
                                              {"minute", 0, 59},
                                              {"hour", 0, 23},
                                              {"day of month", 1, 31},
                                              {"month", 1, 12},
                                              {"day of week", 0, 7}}};

constexpr std::array<absl::string_view, 12> kMonthNames = {
    "jan", "feb", "mar", "apr", "may", "jun",
    "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<absl::string_view, 7> kDayNames = {
    "sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Nickname {
  absl::string_view name;
  absl::string_view fields;
};

constexpr std::array<Nickname, 7> kNicknames = {{{"@yearly", "0 0 1 1 *"},
                                                 {"@annually", "0 0 1 1 *"},
                                                 {"@monthly", "0 0 1 * *"},
                                                 {"@weekly", "0 0 * * 0"},
                                                 {"@daily", "0 0 * * *"},
                                                 {"@midnight", "0 0 * * *"},
                                                 {"@hourly", "0 * * * *"}}};

// What is none of the nicknames.
absl::Status WrongNickname(absl::string_view text, absl::string_view lower) {
  if (lower == "@reboot") {
    return absl::InvalidArgumentError(
        "\"@reboot\" is no time of the calendar, and none is needed: what runs "
        "on a host is started again when it boots. Leave cron_restart out; for "
        "a program that is to run once after each boot, set autorestart: "
        "false");
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text,
                   "\" is none of @hourly, @daily, @midnight, @weekly, "
                   "@monthly, @yearly, @annually"));
}

absl::Status Wrong(int index, absl::string_view text, absl::string_view why) {
  const FieldRule& rule = kRules[static_cast<size_t>(index)];
  return absl::InvalidArgumentError(
      absl::StrCat("the ", rule.name, " field \"", text, "\" ", why));
}

std::string Bounds(int index) {
  const FieldRule& rule = kRules[static_cast<size_t>(index)];
  return absl::StrCat(rule.low, " to ", rule.high);
}

template <size_t N>
std::optional<int> FindName(const std::array<absl::string_view, N>& names,
                            absl::string_view text, int first) {
  auto it = std::find(names.begin(), names.end(), text);
  if (it == names.end()) return std::nullopt;
  return static_cast<int>(it - names.begin()) + first;
}

std::optional<int> ParseValue(int index, absl::string_view text) {
  std::string lower = absl::AsciiStrToLower(text);
  if (index == kMonth) {
    if (auto named = FindName(kMonthNames, lower, 1)) return named;
  }
  if (index == kWeekday) {
    if (auto named = FindName(kDayNames, lower, 0)) return named;
  }
  bool digits =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return absl::ascii_isdigit(static_cast<unsigned char>(c));
      });
  int value = 0;
  const FieldRule& rule = kRules[static_cast<size_t>(index)];
  if (!digits || !absl::SimpleAtoi(text, &value) || value < rule.low ||
      value > rule.high) {
    return std::nullopt;
  }
  return value;
}

bool IsStar(absl::string_view text) {
  return !text.empty() && (text[0] == '*' || text[0] == '?');
}

}  // namespace

absl::StatusOr<CronSchedule> CronSchedule::Parse(std::string_view text) {
  if (text.size() > kMaxCronText) {
    return absl::InvalidArgumentError("it is longer than 256 characters");
  }
  std::string fields_text =
      absl::AsciiStrToLower(absl::StripAsciiWhitespace(ToAbsl(text)));
  for (const Nickname& nickname : kNicknames) {
    if (fields_text == nickname.name)
      fields_text = std::string(nickname.fields);
  }
  if (!fields_text.empty() && fields_text[0] == '@') {
    return WrongNickname(ToAbsl(text), fields_text);
  }
  std::vector<std::string> fields =
      absl::StrSplit(fields_text, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (fields.size() == 5) fields.insert(fields.begin(), "0");
  if (fields.size() != kRules.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", ToAbsl(text),
        "\" must have five fields (minute hour day month weekday) or six "
        "(seconds first), e.g. \"0 3 * * *\" for each day at three"));
  }
  CronSchedule schedule;
  for (size_t i = 0; i < fields.size(); ++i) {
    RETURN_IF_ERROR(schedule.ParseField(static_cast<int>(i), fields[i]));
  }
  schedule.any_hour_ = IsStar(fields[kHour]);
  schedule.any_day_ = IsStar(fields[kDayOfMonth]);
  schedule.any_weekday_ = IsStar(fields[kWeekday]);
  return schedule;
}

absl::Status CronSchedule::ParseField(int index, std::string_view text) {
  for (absl::string_view part : absl::StrSplit(ToAbsl(text), ',')) {
    RETURN_IF_ERROR(ParsePart(index, ToStd(part)));
  }
  return absl::OkStatus();
}

absl::Status CronSchedule::ParsePart(int index, std::string_view part) {
  if (index == kDayOfMonth && part == "l") {
    last_day_ = true;
    return absl::OkStatus();
  }
  const FieldRule& rule = kRules[static_cast<size_t>(index)];
  std::vector<absl::string_view> halves = absl::StrSplit(ToAbsl(part), '/');
  int step = 1;
  bool has_step = halves.size() == 2;
  if (halves.size() > 2 ||
      (has_step && (!absl::SimpleAtoi(halves[1], &step) || step < 1))) {
    return Wrong(index, ToAbsl(part), "must have a step of 1 or more after /");
  }
  const bool day = index == kDayOfMonth || index == kWeekday;
  if (halves[0] == "?" && !day) {
    return Wrong(index, ToAbsl(part),
                 "must be * or a number: ? is for days alone (PM2 takes it for "
                 "the time at which the app was started)");
  }
  if (halves[0] == "*" || halves[0] == "?") {
    return Mark(index, rule.low, rule.high, step);
  }
  std::vector<absl::string_view> ends = absl::StrSplit(halves[0], '-');
  std::optional<int> low = ParseValue(index, ends[0]);
  std::optional<int> high = ends.size() == 2 ? ParseValue(index, ends[1]) : low;
  if (ends.size() > 2 || !low.has_value() || !high.has_value()) {
    return Wrong(index, ToAbsl(part),
                 absl::StrCat("must be *, a number from ", Bounds(index),
                              index == kMonth || index == kWeekday
                                  ? ", a name of three letters,"
                              : index == kDayOfMonth ? ", L for the last one,"
                                                     : "",
                              " or a range such as ", rule.low, "-", rule.high,
                              ", and may end in /STEP"));
  }
  if (ends.size() == 1 && has_step) high = rule.high;
  // A week may end with Sunday.
  if (index == kWeekday && ends.size() == 2 && *high == 0) high = 7;
  if (*low > *high) {
    return Wrong(index, ToAbsl(part), "must be a range from low to high");
  }
  return Mark(index, *low, *high, step);
}

absl::Status CronSchedule::Mark(int index, int low, int high, int step) {
  for (int value = low; value <= high; value += step) {
    auto bit = static_cast<size_t>(value);
    switch (index) {
      case kSecond:
        seconds_.set(bit);
        break;
      case kMinute:
        minutes_.set(bit);
        break;
      case kHour:
        hours_.set(bit);
        break;
      case kDayOfMonth:
        days_.set(bit);
        break;
      case kMonth:
        months_.set(bit);
        break;
      default:
        weekdays_.set(bit % 7);
        break;
    }
  }
  return absl::OkStatus();
}

bool CronSchedule::DayMatches(absl::CivilDay day) const {
  if (!months_.test(static_cast<size_t>(day.month()))) return false;
  bool by_day = days_.test(static_cast<size_t>(day.day())) ||
                (last_day_ && (day + 1).day() == 1);
  // absl counts from Monday.
  auto weekday = (static_cast<size_t>(absl::GetWeekday(day)) + 1) % 7;
  bool by_weekday = weekdays_.test(weekday);
  return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

bool CronSchedule::Search(absl::CivilSecond from,
                          absl::CivilSecond* found) const {
  const absl::CivilDay first(from);
  for (absl::CivilDay day = first; day.year() <= first.year() + kMaxYears;
       ++day) {
    if (!DayMatches(day)) continue;
    absl::CivilSecond at = std::max(absl::CivilSecond(day), from);
    // Each turn goes to the next second, minute or hour that may match.
    while (absl::CivilDay(at) == day) {
      if (!hours_.test(static_cast<size_t>(at.hour()))) {
        at = absl::CivilSecond(absl::CivilHour(at) + 1);
      } else if (!minutes_.test(static_cast<size_t>(at.minute()))) {
        at = absl::CivilSecond(absl::CivilMinute(at) + 1);
      } else if (!seconds_.test(static_cast<size_t>(at.second()))) {
        ++at;
      } else {
        *found = at;
        return true;
      }
    }
  }
  return false;
}

absl::Time CronSchedule::NextByCalendar(absl::Time after,
                                        absl::TimeZone zone) const {
  absl::CivilSecond at = zone.At(after).cs + 1;
  while (Search(at, &at)) {
    absl::TimeZone::TimeInfo info = zone.At(at);
    absl::Time when =
        info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre;
    if (when > after) return when;
    ++at;  // The second of two equal hours.
  }
  return absl::InfiniteFuture();
}

// From one change of the clock to the next the calendar is a straight line.
absl::Time CronSchedule::NextByPassingTime(absl::Time after,
                                           absl::TimeZone zone) const {
  absl::Time limit = after + absl::Hours(24) * 366 * kMaxYears;
  absl::Time from = after + absl::Seconds(1);
  while (from < limit) {
    absl::TimeZone::CivilInfo info = zone.At(from);
    absl::TimeZone::CivilTransition change;
    absl::Time until = zone.NextTransition(from, &change)
                           ? zone.At(change.to).trans
                           : absl::InfiniteFuture();
    absl::CivilSecond found;
    if (!Search(info.cs, &found)) return absl::InfiniteFuture();
    absl::Time when = from + absl::Seconds(found - info.cs);
    if (when < until) return when;
    from = until;
  }
  return absl::InfiniteFuture();
}

absl::Time CronSchedule::NextAfter(absl::Time after,
                                   absl::TimeZone zone) const {
  absl::Time whole = absl::FromUnixSeconds(absl::ToUnixSeconds(after));
  return any_hour_ ? NextByPassingTime(whole, zone)
                   : NextByCalendar(whole, zone);
}

absl::StatusOr<absl::TimeZone> FindTimeZone(const std::string& name) {
  if (name.empty()) return absl::LocalTimeZone();
  absl::TimeZone zone;
  if (absl::LoadTimeZone(name, &zone)) return zone;
  return absl::NotFoundError(
      absl::StrCat("there is no time zone \"", name,
                   "\" in this machine's database; use a name such as "
                   "Europe/Paris or UTC"));
}

}  // namespace fleet
