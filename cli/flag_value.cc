#include "cli/flag_value.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "cli/spec_file/gate_text.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

template <class T>
struct WordOf {
  std::string_view text;
  T value;
};

template <class T, size_t kCount>
absl::Status SetWord(std::optional<T>& target, const std::string& value,
                     const WordOf<T> (&words)[kCount]) {
  std::string expected;
  for (const WordOf<T>& word : words) {
    if (word.text == value) {
      target = word.value;
      return absl::OkStatus();
    }
    absl::StrAppend(&expected, expected.empty() ? "" : " or ",
                    ToAbsl(word.text));
  }
  return Expected(expected, value);
}

}  // namespace

absl::Status Expected(std::string_view what, const std::string& found) {
  return absl::InvalidArgumentError(
      absl::StrCat("expected ", ToAbsl(what), ", found \"", found, "\""));
}

absl::Status SetShare(std::string& target, const std::string& value,
                      int minimum) {
  RETURN_IF_ERROR(CheckNumberOrPercent(value, minimum));
  target = value;
  return absl::OkStatus();
}

absl::Status SetOutput(CommandLine& line, const std::string& value) {
  const struct {
    const char* name;
    OutputFormat format;
  } formats[] = {{"table", OutputFormat::kTable},
                 {"wide", OutputFormat::kWide},
                 {"json", OutputFormat::kJson},
                 {"yaml", OutputFormat::kYaml},
                 {"name", OutputFormat::kName}};
  for (const auto& format : formats) {
    if (value != format.name) continue;
    line.output = format.format;
    return absl::OkStatus();
  }
  // PM2's `start app.js -o out.log`.
  if (line.command == "start") {
    SetEntry(line.fields, "out_file", TextValue(value));
    return absl::OkStatus();
  }
  return Expected(
      "table, wide, json, yaml or name (for a log file: --out-file)", value);
}

absl::Status SetSort(CommandLine& line, const std::string& value) {
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(value, absl::MaxSplits(':', 1));
  constexpr std::string_view kFields[] = {"name",   "id",    "cpu",
                                          "memory", "mem",   "restarts",
                                          "uptime", "state", "status"};
  const bool known = std::find(std::begin(kFields), std::end(kFields),
                               parts.first) != std::end(kFields);
  if (known && (parts.second.empty() || parts.second == "asc" ||
                parts.second == "desc")) {
    line.sort = value;
    return absl::OkStatus();
  }
  return Expected(
      "name, id, cpu, memory, restarts, uptime or state, and :asc or :desc",
      value);
}

absl::Status SetOnFailure(CommandLine& line, const std::string& value) {
  return SetWord(line.policy.on_failure, value,
                 {WordOf<OnFailure>{"pause", OnFailure::kPause},
                  {"rollback", OnFailure::kRollback},
                  {"abort", OnFailure::kAbort}});
}

absl::Status SetOrder(CommandLine& line, const std::string& value) {
  return SetWord(line.policy.order, value,
                 {WordOf<HostOrder>{"health", HostOrder::kHealth},
                  {"zone", HostOrder::kZone},
                  {"name", HostOrder::kName}});
}

absl::Status SetPromotion(CommandLine& line, const std::string& value) {
  return SetWord(line.policy.promotion, value,
                 {WordOf<Promotion>{"auto", Promotion::kAutomatic},
                  {"manual", Promotion::kManual}});
}

absl::Status SetNumber(std::optional<int>& target, const std::string& value) {
  int number = 0;
  if (!absl::SimpleAtoi(value, &number)) return Expected("a number", value);
  target = number;
  return absl::OkStatus();
}

absl::Status AddGate(CommandLine& line, const std::string& value) {
  const absl::StatusOr<MetricGate> gate = ParseGate(value);
  RETURN_IF_ERROR(gate.status());
  line.policy.metric_gates.push_back(*gate);
  return absl::OkStatus();
}

absl::Status SetRevision(CommandLine& line, const std::string& value) {
  const bool fits =
      absl::SimpleAtoi(value, &line.to_revision) && line.to_revision > 0;
  return fits ? absl::OkStatus() : Expected("a revision such as 3", value);
}

absl::Status SetSequence(int64_t& target, const std::string& value) {
  const bool fits = absl::SimpleAtoi(value, &target) && target >= 0;
  return fits ? absl::OkStatus() : Expected("an event's number (seq)", value);
}

absl::Status SetLines(CommandLine& line, const std::string& value) {
  constexpr int kMost = 10000;
  int lines = 0;
  if (!absl::SimpleAtoi(value, &lines) || lines < 0 || lines > kMost) {
    return Expected("a number up to 10,000", value);
  }
  line.lines = lines;
  return absl::OkStatus();
}

absl::Status AddWords(std::vector<std::string>& words,
                      const std::string& value) {
  for (const absl::string_view word :
       absl::StrSplit(value, ',', absl::SkipEmpty())) {
    words.emplace_back(word);
  }
  return absl::OkStatus();
}

absl::Status AddExitCodes(CommandLine& line, const std::string& value) {
  std::vector<std::string> words;
  RETURN_IF_ERROR(AddWords(words, value));
  SetEntry(line.fields, "stop_exit_codes", TextListValue(words));
  return absl::OkStatus();
}

// "10m" before now, or an RFC 3339 time.
absl::Status SetSince(CommandLine& line, const std::string& value) {
  if (const auto ago = ParseDuration(value); ago.ok()) {
    line.audit_since = absl::Now() - *ago;
    return absl::OkStatus();
  }
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, value, &line.audit_since, &error)) {
    return absl::OkStatus();
  }
  return Expected(
      "a duration such as 2h, or a time such as "
      "2026-01-31T12:00:00Z",
      value);
}

absl::Status SetRecords(CommandLine& line, const std::string& value) {
  const bool fits = absl::SimpleAtoi(value, &line.records) &&
                    line.records >= 1 && line.records <= 1000;
  return fits ? absl::OkStatus() : Expected("a number from 1 to 1,000", value);
}

}  // namespace fleet::cli
