// The small languages: selectors, schedules, amounts, addresses, formats. They
// come in specs, in flags and over the API.
#include <iterator>
#include <string>

#include "absl/time/time.h"
#include "node_agent/listen_address.h"
#include "proto/rpc/address.h"
#include "proto/rpc/cron_schedule.h"
#include "proto/rpc/date_format.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"
#include "tests/fuzz/input.h"

namespace fleet {
namespace {

const absl::Time kSomeTime = absl::FromUnixSeconds(1'700'000'000);

void ReadSelector(const std::string& text) {
  const auto selector = ParseHostSelector(text);
  if (!selector.ok()) return;
  selector->Matches("web-1", {{"role", "web"}, {"zone", "a"}});
  FLEET_CHECK(ParseHostSelector(selector->text()).ok());
}

void ReadCron(const std::string& text) {
  const auto schedule = CronSchedule::Parse(text);
  if (!schedule.ok()) return;
  FLEET_CHECK(schedule->NextAfter(kSomeTime, absl::UTCTimeZone()) > kSomeTime);
}

void ReadAmounts(const std::string& text) {
  const auto duration = ParseDuration(text);
  if (duration.ok()) {
    FLEET_CHECK(*duration >= absl::ZeroDuration());
    FLEET_CHECK(ParseDuration(DurationText(*duration)).value() == *duration);
    HumanDuration(*duration);
  }
  const auto bytes = ParseSize(text);
  if (bytes.ok()) {
    FLEET_CHECK(*bytes >= 0);
    HumanSize(*bytes);
  }
  const auto count = ResolveNumberOrPercent(text, 200, 1);
  if (count.ok()) FLEET_CHECK(*count >= 1);
}

void ReadAddresses(const std::string& text) {
  const auto address = ParseAddress(text);
  if (address.ok()) {
    FLEET_CHECK(ParseAddress(address->ToString()).value() == *address);
  }
  const auto listen = agent::ParseListenAddress(text);
  if (listen.ok()) listen->Display();
}

void ReadDateFormat(const std::string& text) {
  const auto format = DateFormat::Parse(text);
  if (format.ok()) format->Format(kSomeTime, absl::UTCTimeZone());
}

void ReadGlob(const std::string& text) {
  const size_t middle = text.size() / 2;
  GlobMatches(text.substr(0, middle), text.substr(middle));
}

}  // namespace
}  // namespace fleet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fleet::fuzz::Input input(data, size);
  const uint8_t language = input.Byte();
  const std::string text(input.Rest());
  constexpr void (*kReaders[])(const std::string&) = {
      fleet::ReadSelector,  fleet::ReadCron,       fleet::ReadAmounts,
      fleet::ReadAddresses, fleet::ReadDateFormat, fleet::ReadGlob};
  kReaders[language % std::size(kReaders)](text);
  return 0;
}
