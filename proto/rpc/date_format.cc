#include "proto/rpc/date_format.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/rpc/status.h"

namespace fleet {

namespace {

constexpr std::array<const char*, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<const char*, 7> kDays = {
    "Sunday",   "Monday", "Tuesday", "Wednesday",
    "Thursday", "Friday", "Saturday"};

// Letters that moment.js has a meaning for that is not had here: written out
// as they stand they would surprise.
constexpr std::string_view kForeign = "EGgKkLlNnQWwYyo";

struct Moment {
  absl::Time time;
  absl::CivilSecond at;
  int millis;
  int offset;  // Seconds east of UTC.
};

absl::Status NotUnderstood(std::string_view word) {
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", ToAbsl(word),
      "\" is not understood; there are YYYY YY MMMM MMM MM M DD D dddd ddd d "
      "HH H hh h mm m ss s SSS SS S A a Z ZZ X x, and [",
      ToAbsl(word), "] for the letters themselves"));
}

bool IsControl(char c) {
  return absl::ascii_iscntrl(static_cast<unsigned char>(c));
}

std::string Month(const Moment& m) { return kMonths[m.at.month() - 1]; }

// 0 is Sunday.
int Weekday(const Moment& m) {
  return (static_cast<int>(absl::GetWeekday(m.at)) + 1) % 7;
}

int Hour12(const Moment& m) {
  return m.at.hour() % 12 == 0 ? 12 : m.at.hour() % 12;
}

std::string Two(int n) { return absl::StrFormat("%02d", n); }

std::string Offset(const Moment& m, const char* between) {
  const int minutes = std::abs(m.offset) / 60;
  return absl::StrCat(m.offset < 0 ? "-" : "+", Two(minutes / 60), between,
                      Two(minutes % 60));
}

// The run of one letter that `text` begins with.
std::string_view Run(std::string_view text) {
  return text.substr(0, std::min(text.find_first_not_of(text[0]), text.size()));
}

}  // namespace

struct DateFormat::Word {
  std::string_view text;
  std::string (*format)(const Moment&);
};

const DateFormat::Word* DateFormat::LongestWord(std::string_view text) {
  using M = const Moment&;
  using absl::StrCat;
  // Longer ones first.
  static constexpr std::array<Word, 28> kWords = {{
      {"YYYY", [](M m) { return absl::StrFormat("%04d", m.at.year()); }},
      {"YY", [](M m) { return Two(static_cast<int>(m.at.year() % 100)); }},
      {"MMMM", [](M m) { return Month(m); }},
      {"MMM", [](M m) { return Month(m).substr(0, 3); }},
      {"MM", [](M m) { return Two(m.at.month()); }},
      {"M", [](M m) { return StrCat(m.at.month()); }},
      {"DD", [](M m) { return Two(m.at.day()); }},
      {"D", [](M m) { return StrCat(m.at.day()); }},
      {"dddd", [](M m) { return std::string(kDays[Weekday(m)]); }},
      {"ddd", [](M m) { return std::string(kDays[Weekday(m)]).substr(0, 3); }},
      {"d", [](M m) { return StrCat(Weekday(m)); }},
      {"HH", [](M m) { return Two(m.at.hour()); }},
      {"H", [](M m) { return StrCat(m.at.hour()); }},
      {"hh", [](M m) { return Two(Hour12(m)); }},
      {"h", [](M m) { return StrCat(Hour12(m)); }},
      {"mm", [](M m) { return Two(m.at.minute()); }},
      {"m", [](M m) { return StrCat(m.at.minute()); }},
      {"ss", [](M m) { return Two(m.at.second()); }},
      {"s", [](M m) { return StrCat(m.at.second()); }},
      {"SSS", [](M m) { return absl::StrFormat("%03d", m.millis); }},
      {"SS", [](M m) { return Two(m.millis / 10); }},
      {"S", [](M m) { return StrCat(m.millis / 100); }},
      {"A", [](M m) { return std::string(m.at.hour() < 12 ? "AM" : "PM"); }},
      {"a", [](M m) { return std::string(m.at.hour() < 12 ? "am" : "pm"); }},
      {"ZZ", [](M m) { return Offset(m, ""); }},
      {"Z", [](M m) { return Offset(m, ":"); }},
      {"X", [](M m) { return StrCat(absl::ToUnixSeconds(m.time)); }},
      {"x", [](M m) { return StrCat(absl::ToUnixMillis(m.time)); }},
  }};
  for (const Word& word : kWords) {
    if (text.starts_with(word.text)) return &word;
  }
  return nullptr;
}

void DateFormat::AddText(std::string_view text) {
  if (parts_.empty() || parts_.back().word != nullptr) {
    parts_.push_back({nullptr, ""});
  }
  parts_.back().text += text;
}

absl::Status DateFormat::AddBracket(std::string_view* rest) {
  const size_t end = rest->find(']');
  if (end == std::string_view::npos) {
    return absl::InvalidArgumentError("a \"[\" has no \"]\" after it");
  }
  AddText(rest->substr(1, end - 1));
  rest->remove_prefix(end + 1);
  return absl::OkStatus();
}

absl::StatusOr<DateFormat> DateFormat::Parse(std::string_view text) {
  if (text.size() > kMaxLength ||
      std::any_of(text.begin(), text.end(), IsControl)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "it is longer than ", kMaxLength, " bytes or has control characters"));
  }
  DateFormat format;
  while (!text.empty()) {
    if (text[0] == '[') {
      RETURN_IF_ERROR(format.AddBracket(&text));
      continue;
    }
    const Word* word = LongestWord(text);
    // "MMMMM", "YYY" and the like are no two words.
    const std::string_view run = Run(text);
    const bool whole = word != nullptr && word->text.size() == run.size();
    if ((word != nullptr && !whole) ||
        (word == nullptr && kForeign.find(text[0]) != kForeign.npos)) {
      return NotUnderstood(run);
    }
    if (word == nullptr) {
      format.AddText(text.substr(0, 1));
      text.remove_prefix(1);
    } else {
      format.parts_.push_back({word, ""});
      text.remove_prefix(word->text.size());
    }
  }
  return format;
}

std::string DateFormat::Format(absl::Time time, absl::TimeZone zone) const {
  const absl::TimeZone::CivilInfo info = zone.At(time);
  const Moment moment = {
      time, info.cs,
      static_cast<int>(absl::ToInt64Milliseconds(info.subsecond)), info.offset};
  std::string out;
  for (const Part& part : parts_) {
    out += part.word == nullptr ? part.text : part.word->format(moment);
  }
  return out;
}

}  // namespace fleet
