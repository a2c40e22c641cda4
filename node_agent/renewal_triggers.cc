#include "node_agent/renewal_triggers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fleet::agent {
namespace {

constexpr absl::Duration kLongestSleep = absl::Minutes(1);

}  // namespace

RenewalTriggers::RenewalTriggers(EventLoop& loop, Renew renew)
    : loop_(loop), renew_(std::move(renew)) {}

RenewalTriggers::~RenewalTriggers() { loop_.CancelTimer(cron_timer_); }

void RenewalTriggers::Follow(std::shared_ptr<const AppSpec> spec,
                             const std::string& host_name, absl::Time since) {
  if (spec == spec_) return;
  spec_ = std::move(spec);
  loop_.CancelTimer(std::exchange(cron_timer_, 0));
  cron_.reset();
  cron_problem_.clear();
  watch_.reset();
  if (spec_ == nullptr) return;
  if (!spec_->restart.cron_restart.empty()) StartCron(host_name, since);
  if (!spec_->watch.paths.empty()) StartWatch();
}

std::string RenewalTriggers::problem() const {
  std::string watch = watch_ == nullptr ? "" : watch_->problem();
  return absl::StrCat(
      cron_problem_, cron_problem_.empty() || watch.empty() ? "" : "; ", watch);
}

void RenewalTriggers::StartCron(const std::string& host_name,
                                absl::Time since) {
  auto cron = CronTimer::Make(spec_->restart, spec_->name, host_name, since);
  if (!cron.ok()) {
    cron_problem_ = std::string(cron.status().message());
    return;
  }
  cron_ = *std::move(cron);
  ScheduleCron();
}

void RenewalTriggers::ScheduleCron() {
  absl::Duration wait = cron_->next() - loop_.clock().WallNow();
  wait = std::clamp(wait, absl::ZeroDuration(), kLongestSleep);
  cron_timer_ = loop_.AddTimerAfter(wait, [this] {
    cron_timer_ = 0;
    LookAtCalendar();
  });
}

void RenewalTriggers::LookAtCalendar() {
  bool due = cron_->Due(loop_.clock().WallNow());
  ScheduleCron();
  if (due) {
    renew_(RenewalCause::kCron,
           absl::StrCat("cron_restart ", spec_->restart.cron_restart));
  }
}

void RenewalTriggers::StartWatch() {
  watch_ = std::make_unique<FileWatch>(
      loop_, WatchOptionsOf(*spec_),
      [this](const std::string& path, int others) {
        std::string more =
            others == 0 ? "" : absl::StrCat(" and ", others, " other changes");
        renew_(RenewalCause::kWatch,
               absl::StrCat("watch: ", path, " changed", more));
      });
}

}  // namespace fleet::agent
