// Times in the words of PM2's log_date_format, which are those of moment.js and
// day.js.
#ifndef FLEET_PROTO_RPC_DATE_FORMAT_H_
#define FLEET_PROTO_RPC_DATE_FORMAT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleet {

// A format that was understood. Immutable.
//
//   YYYY YY        year                  H HH h hh   hour, of 24 or of 12
//   M MM MMM MMMM  month: 5 05 May …     m mm s ss   minute, second
//   D DD           day of the month      S SS SSS    fraction of the second
//   d ddd dddd     day of the week       A a         AM, am
//   Z ZZ           +02:00, +0200         X x         seconds, milliseconds
//                                                    since 1970
//
// What is in [brackets], and what is no letter of these, stands as it is.
// Month and day names are English.
class DateFormat {
 public:
  static constexpr size_t kMaxLength = 64;

  // INVALID_ARGUMENT names what was not understood and what to write instead:
  // words of moment.js that are not listed above, an open bracket, more than
  // kMaxLength bytes, control characters.
  static absl::StatusOr<DateFormat> Parse(std::string_view text);

  // Any time that is no infinity.
  std::string Format(absl::Time time, absl::TimeZone zone) const;

 private:
  struct Word;
  struct Part {
    const Word* word;  // nullptr: `text` as it stands.
    std::string text;
  };

  static const Word* LongestWord(std::string_view text);
  void AddText(std::string_view text);
  absl::Status AddBracket(std::string_view* rest);

  std::vector<Part> parts_;
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_DATE_FORMAT_H_
