#include "tests/sim/gate_servers.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/gate_answer.h"

namespace fleet::sim {

using controller::GateAnswer;
using controller::HttpAnswer;

namespace {

constexpr int64_t kFlapSeconds = 7;

std::string KindOf(const MetricGate& gate) {
  return gate.url.substr(gate.url.rfind('/') + 1);
}

HttpAnswer Says(const MetricGate& gate, bool good) {
  const double value =
      good ? gate.max.value_or(1) : gate.max.value_or(1) * 2 + 1;
  HttpAnswer answer;
  answer.status = good || gate.max.has_value() ? 200 : 500;
  answer.body = absl::StrCat(value);
  if (gate.source == GateSource::kPrometheus) {
    answer.body = absl::StrCat(
        R"({"status":"success","data":{"resultType":"vector","result":[)",
        R"({"metric":{},"value":[0,")", value, R"("]}]}})");
  }
  return answer;
}

HttpAnswer SaysNothing(const MetricGate& gate) {
  HttpAnswer answer;
  answer.status = 200;
  answer.body = "no data";
  if (gate.source == GateSource::kPrometheus) {
    answer.body =
        R"({"status":"success","data":{"resultType":"vector","result":[]}})";
  }
  return answer;
}

HttpAnswer Nobody(const std::string& error) {
  HttpAnswer answer;
  answer.error = error;
  return answer;
}

}  // namespace

bool GateServers::GoodNow(const std::string& kind, const Server& server) const {
  if (kind == "bad") return false;
  if (kind == "turns-bad") {
    return timeline_.now() < server.first_asked + absl::Seconds(20);
  }
  if (kind == "flapping") {
    return absl::ToUnixSeconds(timeline_.now()) / kFlapSeconds % 2 == 0;
  }
  return true;
}

HttpAnswer GateServers::Answer(const MetricGate& gate) {
  const std::string kind = KindOf(gate);
  auto [found, first] = servers_.try_emplace(gate.url);
  Server& server = found->second;
  if (first) server.first_asked = timeline_.now();
  ++server.asked;
  if (kind == "unreachable") return Nobody("connection refused");
  if (kind == "slow") return Nobody("no answer in time");
  if (kind == "recovers" && server.asked <= 3) {
    return Nobody("connection refused");
  }
  if (kind == "no-data") return SaysNothing(gate);
  return Says(gate, GoodNow(kind, server));
}

absl::Duration GateServers::DrawDelay(const MetricGate& gate) {
  if (KindOf(gate) == "slow") return gate.timeout;
  if (steady_) return absl::Milliseconds(10);
  return random_.Between(absl::Milliseconds(1), absl::Seconds(1));
}

void GateServers::OnAnswer(const MetricGate& gate, absl::Time asked_at,
                           const GateAnswer& answer) {
  trace_.Note("gate", gate.url, ": ", Name(answer.verdict), ", ", answer.text);
  observer_.OnGateAnswer(gate, asked_at, answer.verdict);
}

void SimGateProber::Ask(const MetricGate& gate, Done done) {
  if (!life_.Before()) return;
  const absl::Time asked_at = servers_.timeline().now();
  const HttpAnswer said = servers_.Answer(gate);
  servers_.timeline().After(
      servers_.DrawDelay(gate), [this, alive = std::weak_ptr<int>(alive_), gate,
                                 asked_at, said, done = std::move(done)] {
        if (alive.expired()) return;
        loop_.Post([this, alive, gate, asked_at, said, done] {
          if (alive.expired()) return;
          const GateAnswer answer = controller::JudgeAnswer(gate, said);
          servers_.OnAnswer(gate, asked_at, answer);
          done(answer);
        });
      });
  life_.After();
}

MetricGate DrawOutsideGate(Random& random) {
  const char* const kKinds[] = {
      "good", "good",     "good",      "good",     "bad",        "no-data",
      "slow", "flapping", "turns-bad", "recovers", "unreachable"};
  MetricGate gate;
  gate.url = absl::StrCat("http://gate-", random.Below(1'000'000'000), ".test/",
                          kKinds[random.Below(11)]);
  gate.interval = random.Between(absl::Seconds(1), absl::Seconds(10));
  gate.timeout = random.Between(absl::Seconds(1), absl::Seconds(5));
  const bool prometheus = random.OneIn(2);
  gate.source = prometheus ? GateSource::kPrometheus : GateSource::kHttp;
  if (prometheus) gate.query = "rate(errors[1m])";
  if (prometheus || random.OneIn(2)) gate.max = 0.05;
  if (random.OneIn(3)) {
    gate.window = random.Between(absl::Seconds(1), absl::Seconds(20));
  }
  const NoData kNoData[] = {NoData::kHold, NoData::kHold, NoData::kPass,
                            NoData::kFail};
  gate.no_data = kNoData[random.Below(4)];
  return gate;
}

}  // namespace fleet::sim
