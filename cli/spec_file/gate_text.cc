#include "cli/spec_file/gate_text.h"

#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr char kExpected[] =
    "a gate such as \"restarts <= 0\", \"memory <= 300M\", \"http "
    "http://HOST/PATH\" or \"prometheus http://HOST:9090 QUERY <= 0.01\"";

absl::Status Bad(std::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("expected ", kExpected, ", found \"", ToAbsl(text), "\""));
}

absl::string_view TakeWord(absl::string_view& text) {
  text = absl::StripLeadingAsciiWhitespace(text);
  const size_t end = text.find_first_of(" \t");
  const absl::string_view word = text.substr(0, end);
  text.remove_prefix(word.size());
  text = absl::StripAsciiWhitespace(text);
  return word;
}

// Cuts "… <= LIMIT" off the end; false: there is none.
bool TakeLimit(absl::string_view& text, absl::string_view op,
               absl::string_view& limit) {
  const size_t at = text.rfind(op);
  if (at == text.npos) return false;
  limit = absl::StripAsciiWhitespace(text.substr(at + op.size()));
  text = absl::StripAsciiWhitespace(text.substr(0, at));
  return true;
}

// "0.01", "0.01 for 1m".
absl::StatusOr<double> ReadLimit(absl::string_view limit, MetricGate& gate) {
  absl::string_view window;
  if (TakeLimit(limit, " for ", window)) {
    ASSIGN_OR_RETURN(gate.window, ParseDuration(ToStd(window)));
  }
  return ParseGateLimit(gate.source, ToStd(limit));
}

absl::Status ReadLimits(absl::string_view& text, MetricGate& gate) {
  absl::string_view limit;
  if (TakeLimit(text, "<=", limit)) {
    ASSIGN_OR_RETURN(gate.max, ReadLimit(limit, gate));
  } else if (TakeLimit(text, ">=", limit)) {
    ASSIGN_OR_RETURN(gate.min, ReadLimit(limit, gate));
  }
  return absl::OkStatus();
}

bool ReadStatus(absl::string_view& text, MetricGate& gate) {
  const size_t at = text.rfind(" = ");
  if (at == text.npos) return true;
  absl::string_view status = absl::StripAsciiWhitespace(text.substr(at + 3));
  text = absl::StripAsciiWhitespace(text.substr(0, at));
  return absl::SimpleAtoi(status, &gate.status);
}

}  // namespace

absl::StatusOr<GateSource> ParseGateSource(std::string_view word) {
  const struct {
    std::string_view name;
    GateSource source;
  } sources[] = {{"restarts", GateSource::kRestarts},
                 {"cpu", GateSource::kCpu},
                 {"memory", GateSource::kMemory},
                 {"http", GateSource::kHttp},
                 {"prometheus", GateSource::kPrometheus}};
  for (const auto& source : sources) {
    if (source.name == word) return source.source;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("expected restarts, cpu, memory, http or prometheus, found "
                   "\"",
                   ToAbsl(word), "\""));
}

absl::StatusOr<double> ParseGateLimit(GateSource source,
                                      std::string_view text) {
  double limit = 0;
  if (absl::SimpleAtod(ToAbsl(text), &limit)) return limit;
  if (source == GateSource::kMemory) {
    ASSIGN_OR_RETURN(int64_t bytes, ParseSize(text));
    return static_cast<double>(bytes);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "expected a number as the limit, found \"", ToAbsl(text), "\""));
}

absl::StatusOr<MetricGate> ParseGate(std::string_view text) {
  absl::string_view rest = ToAbsl(text);
  MetricGate gate;
  const absl::StatusOr<GateSource> source =
      ParseGateSource(ToStd(TakeWord(rest)));
  if (!source.ok()) return Bad(text);
  gate.source = *source;
  const bool asks = gate.source == GateSource::kHttp ||
                    gate.source == GateSource::kPrometheus;
  RETURN_IF_ERROR(ReadLimits(rest, gate));
  if (gate.source == GateSource::kHttp && !ReadStatus(rest, gate)) {
    return Bad(text);
  }
  if (asks) gate.url = std::string(ToStd(TakeWord(rest)));
  if (gate.source == GateSource::kPrometheus) {
    gate.query = std::string(ToStd(rest));
    rest = "";
  }
  if (!rest.empty()) return Bad(text);
  return gate;
}

}  // namespace fleet::cli
