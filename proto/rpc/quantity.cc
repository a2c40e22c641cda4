#include "proto/rpc/quantity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

constexpr absl::Duration kLongest = absl::Hours(24 * 3650);

struct Unit {
  const char* name;
  double factor;  // Seconds or bytes.
};

// Longer names first: "ms" before "m".
constexpr std::array<Unit, 7> kTimeUnits = {{{"ms", 1e-3},
                                             {"us", 1e-6},
                                             {"ns", 1e-9},
                                             {"s", 1},
                                             {"m", 60},
                                             {"h", 3600},
                                             {"d", 86400}}};

constexpr std::array<Unit, 4> kSizeUnits = {
    {{"K", 1024.0}, {"M", 1 << 20}, {"G", 1 << 30}, {"T", 1024.0 * (1 << 30)}}};

// Takes a plain decimal number off the front.
bool ConsumeNumber(absl::string_view* text, double* number) {
  size_t length = 0;
  int dots = 0;
  while (length < text->size()) {
    char c = (*text)[length];
    if (c == '.') {
      ++dots;
    } else if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      break;
    }
    ++length;
  }
  if (length == 0 || dots > 1 ||
      !absl::SimpleAtod(text->substr(0, length), number)) {
    return false;
  }
  text->remove_prefix(length);
  return true;
}

const Unit* ConsumeTimeUnit(absl::string_view* text) {
  for (const Unit& unit : kTimeUnits) {
    if (absl::ConsumePrefix(text, unit.name)) return &unit;
  }
  return nullptr;
}

absl::Status BadDuration(std::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", ToAbsl(text),
                   "\" is not a duration; write e.g. 500ms, 10s or 1m30s (a "
                   "plain number is milliseconds)"));
}

absl::Status BadSize(std::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", ToAbsl(text),
                   "\" is not a size; write e.g. 300M, 1G or a number of "
                   "bytes"));
}

}  // namespace

absl::StatusOr<absl::Duration> ParseDuration(std::string_view text) {
  absl::string_view rest = absl::StripAsciiWhitespace(ToAbsl(text));
  double number = 0;
  absl::Duration sum;
  if (absl::SimpleAtod(rest, &number) && ConsumeNumber(&rest, &number) &&
      rest.empty()) {
    sum = absl::Milliseconds(number);
  } else {
    rest = absl::StripAsciiWhitespace(ToAbsl(text));
    if (rest.empty()) return BadDuration(text);
    while (!rest.empty()) {
      if (!ConsumeNumber(&rest, &number)) return BadDuration(text);
      const Unit* unit = ConsumeTimeUnit(&rest);
      if (unit == nullptr) return BadDuration(text);
      sum += absl::Seconds(number * unit->factor);
    }
  }
  if (sum > kLongest) return BadDuration(text);
  return sum;
}

std::string DurationText(absl::Duration d) { return absl::FormatDuration(d); }

std::string HumanDuration(absl::Duration d) {
  if (d < absl::ZeroDuration()) return absl::StrCat("-", HumanDuration(-d));
  if (d == absl::InfiniteDuration()) return "forever";
  if (d < absl::Milliseconds(999.5)) {
    return absl::StrFormat("%.0fms", absl::ToDoubleMilliseconds(d));
  }
  if (d < absl::Seconds(9.95)) {
    return absl::StrFormat("%.1fs", absl::ToDoubleSeconds(d));
  }
  int64_t seconds = absl::ToInt64Seconds(d + absl::Milliseconds(500));
  if (seconds < 60) return absl::StrCat(seconds, "s");
  if (seconds < 3600) {
    return absl::StrFormat("%dm%02ds", seconds / 60, seconds % 60);
  }
  int64_t minutes = seconds / 60;
  if (minutes < 24 * 60) {
    return absl::StrFormat("%dh%02dm", minutes / 60, minutes % 60);
  }
  return absl::StrFormat("%dd%02dh", minutes / 1440, minutes % 1440 / 60);
}

absl::StatusOr<int64_t> ParseSize(std::string_view text) {
  std::string upper =
      absl::AsciiStrToUpper(absl::StripAsciiWhitespace(ToAbsl(text)));
  absl::string_view rest = upper;
  double number = 0;
  if (!ConsumeNumber(&rest, &number)) return BadSize(text);
  rest = absl::StripLeadingAsciiWhitespace(rest);
  double factor = 1;
  for (const Unit& unit : kSizeUnits) {
    if (absl::ConsumePrefix(&rest, unit.name)) {
      factor = unit.factor;
      absl::ConsumePrefix(&rest, "I");
      break;
    }
  }
  absl::ConsumePrefix(&rest, "B");
  double bytes = number * factor;
  if (!rest.empty() || bytes > 9e18) return BadSize(text);
  return static_cast<int64_t>(bytes);
}

std::string HumanSize(int64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double value = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* name : {"KB", "MB", "GB", "TB"}) {
    value /= 1024;
    unit = name;
    if (value < 1023.95) break;
  }
  if (value < 9.995) return absl::StrFormat("%.2f %s", value, unit);
  if (value < 99.95) return absl::StrFormat("%.1f %s", value, unit);
  return absl::StrFormat("%.0f %s", value, unit);
}

absl::Status CheckNumberOrPercent(std::string_view text, int minimum) {
  return ResolveNumberOrPercent(text, 0, minimum).status();
}

absl::StatusOr<int> ResolveNumberOrPercent(std::string_view text, int total,
                                           int minimum) {
  absl::string_view number = absl::StripAsciiWhitespace(ToAbsl(text));
  bool percent = absl::ConsumeSuffix(&number, "%");
  int value = 0;
  if (!absl::SimpleAtoi(number, &value) || value < (percent ? 0 : minimum) ||
      (percent && value > 100)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", ToAbsl(text), "\" is neither a number of at least ",
                     minimum, " nor a percentage from 0% to 100%"));
  }
  if (!percent) return value;
  int64_t share = int64_t{total} * value / 100;
  return static_cast<int>(std::max<int64_t>(minimum, share));
}

}  // namespace fleet
