#include "controller/gate_answer.h"

#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/rpc/json_nesting.h"
#include "proto/rpc/status.h"
#include "proto/rpc/utf8_text.h"

namespace fleet::controller {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostOfText = 200;

// Fit for a terminal and for a message, and not without end.
std::string ShortText(absl::string_view text) {
  std::string out = ToUtf8(ToStd(text.substr(0, kMostOfText)));
  for (char& c : out) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  return text.size() > kMostOfText ? out + "…" : out;
}

GateAnswer NoAnswer(const std::string& why) {
  return {0, GateVerdict::kInconclusive, why};
}

// "value 0.12 > 0.05", "value 0.03".
GateAnswer JudgeValue(const MetricGate& gate, double value,
                      const std::string& whose) {
  if (std::isnan(value)) return NoAnswer("the value is not a number" + whose);
  std::string text = absl::StrCat("value ", value);
  if (gate.max.has_value() && value > *gate.max) {
    absl::StrAppend(&text, " > ", *gate.max);
  } else if (gate.min.has_value() && value < *gate.min) {
    absl::StrAppend(&text, " < ", *gate.min);
  }
  return {0, Within(gate, value) ? GateVerdict::kPass : GateVerdict::kFail,
          text + whose};
}

// Parts of it are copied, level by level.
Json ParseJson(const std::string& text) {
  if (JsonNesting(text) > kMostNesting) return Json(Json::value_t::discarded);
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

// A number, or JSON with a number "value".
std::optional<double> NumberIn(const std::string& body) {
  double value = 0;
  if (absl::SimpleAtod(absl::StripAsciiWhitespace(body), &value)) return value;
  const Json json = ParseJson(body);
  if (!json.is_object()) return std::nullopt;
  auto found = json.find("value");
  if (found == json.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

GateAnswer JudgeHttp(const MetricGate& gate, const HttpAnswer& answer) {
  const std::string status = absl::StrCat("status ", answer.status);
  const bool passes = gate.status != 0
                          ? answer.status == gate.status
                          : answer.status >= 200 && answer.status <= 299;
  if (!passes) return {0, GateVerdict::kFail, status};
  if (!gate.min.has_value() && !gate.max.has_value()) {
    return {0, GateVerdict::kPass, status};
  }
  std::optional<double> value = NumberIn(answer.body);
  if (value.has_value()) return JudgeValue(gate, *value, "");
  return NoAnswer(
      absl::StrCat("the body is no number: \"", ShortText(answer.body), "\""));
}

// [time, "value"] of the query API.
std::optional<double> SampleValue(const Json& sample) {
  if (!sample.is_array() || sample.size() != 2 || !sample[1].is_string()) {
    return std::nullopt;
  }
  double value = 0;
  if (!absl::SimpleAtod(sample[1].get<std::string>(), &value)) {
    return std::nullopt;
  }
  return value;
}

// The first element that is not within the limits stands for all; else the
// last one.
GateAnswer JudgeVector(const MetricGate& gate, const Json& elements) {
  if (elements.empty()) return NoAnswer("the query has no result");
  GateAnswer last;
  for (const Json& element : elements) {
    const Json sample =
        element.is_object() ? element.value("value", Json()) : Json();
    std::optional<double> value = SampleValue(sample);
    if (!value.has_value()) return NoAnswer("a result that is not understood");
    const Json labels = element.value("metric", Json::object());
    last = JudgeValue(gate, *value,
                      labels.empty() ? "" : " of " + ShortText(labels.dump()));
    if (last.verdict != GateVerdict::kPass) return last;
  }
  if (elements.size() > 1) {
    last.text = absl::StrCat(elements.size(), " values, the last: ", last.text);
  }
  return last;
}

GateAnswer JudgePrometheus(const MetricGate& gate, const HttpAnswer& answer) {
  const Json json = ParseJson(answer.body);
  const bool ok = json.is_object() && json.value("status", Json()) == "success";
  if (!ok) {
    const Json error = json.is_object() ? json.value("error", Json()) : Json();
    return NoAnswer(absl::StrCat(
        "status ", answer.status, ": ",
        ShortText(error.is_string() ? error.get<std::string>() : answer.body)));
  }
  const Json data = json.value("data", Json::object());
  const Json type =
      data.is_object() ? data.value("resultType", Json()) : Json();
  const Json result = data.is_object() ? data.value("result", Json()) : Json();
  if (type == "vector" && result.is_array()) return JudgeVector(gate, result);
  std::optional<double> value = SampleValue(result);
  if (type == "scalar" && value.has_value()) {
    return JudgeValue(gate, *value, "");
  }
  return NoAnswer("the query's result is neither a scalar nor a vector");
}

std::string Escaped(const std::string& text) {
  std::string out;
  for (unsigned char c : text) {
    const bool plain =
        std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '~';
    absl::StrAppend(&out, plain ? std::string(1, static_cast<char>(c))
                                : absl::StrFormat("%%%02X", c));
  }
  return out;
}

}  // namespace

std::string UrlOf(const MetricGate& gate) {
  if (gate.source != GateSource::kPrometheus) return gate.url;
  const bool slash = !gate.url.empty() && gate.url.back() == '/';
  return absl::StrCat(gate.url, slash ? "" : "/",
                      "api/v1/query?query=", Escaped(gate.query));
}

GateAnswer JudgeAnswer(const MetricGate& gate, const HttpAnswer& answer) {
  if (!answer.error.empty()) return NoAnswer(ShortText(answer.error));
  switch (gate.source) {
    case GateSource::kHttp:
      return JudgeHttp(gate, answer);
    case GateSource::kPrometheus:
      return JudgePrometheus(gate, answer);
    case GateSource::kRestarts:
    case GateSource::kCpu:
    case GateSource::kMemory:
      break;
  }
  FLEET_CHECK(false);
}

}  // namespace fleet::controller
