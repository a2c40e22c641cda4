// When a cron expression is due.
#ifndef FLEET_PROTO_RPC_CRON_SCHEDULE_H_
#define FLEET_PROTO_RPC_CRON_SCHEDULE_H_

#include <bitset>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace fleet {

// Immutable. Source of the rules: crontab(5) of Vixie cron.
//
// Five fields (minute hour day-of-month month day-of-week), six with seconds
// first, or @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly.
// A field is a list of `*`, N, N-M, each with /STEP; months and weekdays also
// by their English names (three letters); Sunday is 0 or 7. For days `?` is
// `*`, and L in the day of month is the month's last, as PM2 has it. When both
// day fields are restricted, a day that either of them names is due.
//
// Clock changes: a schedule that names its hours is due once a day. In the
// hour that a clock skips it is due when the clock has jumped; in the hour that
// comes twice, the first time. One whose hour field begins with `*` goes by
// time that really passes: it is due in both of the hours, and never in the
// skipped one.
class CronSchedule {
 public:
  // INVALID_ARGUMENT names the field, its text and what would be right; of
  // @reboot, what does that here.
  static absl::StatusOr<CronSchedule> Parse(std::string_view text);

  // The first time after `after` (whole seconds). InfiniteFuture: never, such
  // as on February 30th.
  absl::Time NextAfter(absl::Time after, absl::TimeZone zone) const;

 private:
  CronSchedule() = default;
  absl::Status ParseField(int index, std::string_view text);
  absl::Status ParsePart(int index, std::string_view part);
  absl::Status Mark(int index, int low, int high, int step);
  bool DayMatches(absl::CivilDay day) const;
  // The first matching second at or after `from` by the calendar alone.
  // False: there is none within nine years.
  bool Search(absl::CivilSecond from, absl::CivilSecond* found) const;
  absl::Time NextByCalendar(absl::Time after, absl::TimeZone zone) const;
  absl::Time NextByPassingTime(absl::Time after, absl::TimeZone zone) const;

  std::bitset<60> seconds_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;    // From 1.
  std::bitset<13> months_;  // From 1.
  std::bitset<7> weekdays_;
  bool last_day_ = false;
  bool any_day_ = false;
  bool any_weekday_ = false;
  bool any_hour_ = false;
};

// The zone of that name in the system's database; empty: the host's own.
// NOT_FOUND when there is none.
absl::StatusOr<absl::TimeZone> FindTimeZone(const std::string& name);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_CRON_SCHEDULE_H_
