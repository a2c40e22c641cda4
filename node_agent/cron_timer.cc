#include "node_agent/cron_timer.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr absl::Duration kSmallJump = absl::Hours(3);

// FNV-1a, the same everywhere and for ever, with a last mixing (MurmurHash3's)
// so that names that differ in their last character lie far apart.
uint64_t Hash(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

}  // namespace

CronTimer::CronTimer(CronSchedule schedule, absl::TimeZone zone,
                     absl::Duration offset, absl::Time since)
    : schedule_(std::move(schedule)),
      zone_(zone),
      offset_(offset),
      looked_(since),
      next_(After(since)) {}

absl::StatusOr<CronTimer> CronTimer::Make(const RestartPolicy& policy,
                                          const std::string& app,
                                          const std::string& host_name,
                                          absl::Time since) {
  auto schedule = CronSchedule::Parse(policy.cron_restart);
  if (!schedule.ok()) return Annotate(schedule.status(), "cron_restart");
  auto zone = FindTimeZone(policy.cron_time_zone);
  if (!zone.ok()) return Annotate(zone.status(), "cron_time_zone");
  return CronTimer(*std::move(schedule), *zone,
                   Offset(app, host_name, policy.cron_spread), since);
}

absl::Duration CronTimer::Offset(const std::string& app,
                                 const std::string& host_name,
                                 absl::Duration spread) {
  int64_t millis = absl::ToInt64Milliseconds(spread);
  if (millis <= 0) return absl::ZeroDuration();
  uint64_t hash = Hash(absl::StrCat(host_name, "\n", app));
  return absl::Milliseconds(hash % static_cast<uint64_t>(millis));
}

absl::Time CronTimer::After(absl::Time time) const {
  return schedule_.NextAfter(time - offset_, zone_) + offset_;
}

bool CronTimer::Due(absl::Time now) {
  if (now < looked_) {
    if (looked_ - now <= kSmallJump) return false;
    next_ = After(now);
  }
  looked_ = now;
  if (now < next_) return false;
  next_ = After(now);
  return true;
}

}  // namespace fleet::agent
