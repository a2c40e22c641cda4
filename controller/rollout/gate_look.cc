#include "controller/rollout/gate_look.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

// The worst value of the wave's hosts, and whose it is.
struct Sample {
  double value = 0;
  std::string host;
};

std::optional<double> ValueOn(const Planning& planning, GateSource source,
                              size_t i) {
  const HostView& view = planning.view(i);
  switch (source) {
    case GateSource::kRestarts: {
      int64_t before = planning.draft().step(i).restarts_before;
      if (before < 0) return std::nullopt;
      return static_cast<double>(view.restarts - before);
    }
    case GateSource::kCpu:
      return view.cpu_cores;
    case GateSource::kMemory:
      if (view.rss_bytes == 0) return std::nullopt;  // No sample yet.
      return static_cast<double>(view.rss_bytes);
    case GateSource::kHttp:
    case GateSource::kPrometheus:
      break;
  }
  FLEET_CHECK(false);
}

// Restarts are summed over the wave; of the rest the worst counts: the largest,
// or the smallest if only a minimum is set.
std::optional<Sample> Gather(const Planning& planning, const MetricGate& gate) {
  const bool sum = gate.source == GateSource::kRestarts;
  const bool smallest = !gate.max.has_value();
  std::optional<Sample> worst;
  double total = 0;
  for (size_t i = 0; i < planning.draft().size(); ++i) {
    const HostStep& step = planning.draft().step(i);
    const bool counts = step.phase == HostStepPhase::kDone &&
                        step.wave == planning.state().wave &&
                        planning.view(i).connected;
    if (!counts) continue;
    std::optional<double> value = ValueOn(planning, gate.source, i);
    if (!value.has_value()) return std::nullopt;
    total += *value;
    const bool worse = !worst.has_value() || (smallest ? *value < worst->value
                                                       : *value > worst->value);
    if (worse) worst = Sample{*value, step.host};
  }
  if (worst.has_value() && sum) worst->value = total;
  return worst;
}

std::string SampleText(const MetricGate& gate, const Sample& sample) {
  switch (gate.source) {
    case GateSource::kRestarts:
      return absl::StrCat(
          sample.value, sample.value == 1 ? " restart" : " restarts",
          sample.value > 0 ? absl::StrCat(", most on ", sample.host) : "");
    case GateSource::kCpu:
      return absl::StrCat(sample.value, sample.value == 1 ? " core" : " cores",
                          " on ", sample.host);
    case GateSource::kMemory:
      return absl::StrCat(HumanSize(static_cast<int64_t>(sample.value)), " on ",
                          sample.host);
    case GateSource::kHttp:
    case GateSource::kPrometheus:
      break;
  }
  FLEET_CHECK(false);
}

class Looking {
 public:
  Looking(Planning& planning, bool over) : planning_(planning), over_(over) {
    planning.state().gates.resize(planning.policy().gates.size());
  }

  GateVerdict Run() {
    const std::vector<MetricGate>& gates = planning_.policy().gates;
    for (size_t i = 0; i < gates.size(); ++i) {
      TakeAnswer(i);
      LookIfDue(i);
    }
    return Sum();
  }

 private:
  absl::Time now() const { return planning_.draft().now().steady; }

  const MetricGate& PolicyOf(size_t i) const {
    return planning_.policy().gates[i];
  }

  // Since when it has been so; a controller that has just started goes by what
  // is stored.
  void NoteFound(GateState& gate, GateVerdict found) const {
    if (gate.found == found) return;
    const bool goes_on = gate.found == GateVerdict::kNone &&
                         gate.verdict == found &&
                         gate.since != absl::InfinitePast();
    if (!goes_on) gate.since = planning_.draft().now().wall;
    gate.found = found;
    gate.found_at = now();
  }

  // What a look means after the gate's window and no_data.
  GateVerdict Judge(size_t i, const GateState& gate,
                    std::string& answer) const {
    const MetricGate& policy = PolicyOf(i);
    if (gate.found == GateVerdict::kInconclusive &&
        policy.no_data != NoData::kHold) {
      absl::StrAppend(&answer, ", which is to ", Name(policy.no_data), " it");
      return policy.no_data == NoData::kPass ? GateVerdict::kPass
                                             : GateVerdict::kFail;
    }
    if (gate.found == GateVerdict::kFail &&
        now() < gate.found_at + policy.window) {
      absl::StrAppend(&answer, ", not for ", DurationText(policy.window),
                      " yet");
      return GateVerdict::kInconclusive;
    }
    return gate.found;
  }

  // `over`: the look was taken once the bake time was.
  void Set(size_t i, GateVerdict found, std::string answer, bool over) {
    GateState& gate = planning_.state().gates[i];
    NoteFound(gate, found);
    const GateVerdict verdict = Judge(i, gate, answer);
    const bool settled =
        over && (verdict == found || verdict != GateVerdict::kInconclusive);
    const bool news = gate.verdict != verdict;
    if (news || gate.final != settled) planning_.draft().Save();
    gate.verdict = verdict;
    gate.answer = answer;
    gate.time = planning_.draft().now().wall;
    gate.final = settled;
    gate.looked_over = over;
    gate.asked = 0;
    gate.look_at = now() + PolicyOf(i).interval;
    if (found == GateVerdict::kFail && verdict != found) {
      gate.look_at = std::min(gate.look_at, gate.found_at + PolicyOf(i).window);
    }
    if (!news) return;
    planning_.draft().Record(absl::StrCat("metric gate ",
                                          GateText(planning_.policy().gates[i]),
                                          ": ", Name(verdict), ", ", answer));
  }

  void TakeAnswer(size_t i) {
    const GateState& gate = planning_.state().gates[i];
    const std::vector<GateAnswer>& answers = planning_.fleet().answers;
    if (gate.asked == 0 || i >= answers.size()) return;
    if (answers[i].look != gate.asked) return;
    Set(i, answers[i].verdict, answers[i].text, gate.asked_final);
  }

  void LookIfDue(size_t i) {
    GateState& gate = planning_.state().gates[i];
    if (gate.asked != 0) return;
    const bool last = over_ && !gate.final && !gate.looked_over;
    if (!last && now() < gate.look_at) return planning_.WakeAt(gate.look_at);
    if (IsSample(planning_.policy().gates[i].source)) {
      LookAtSample(i);
      planning_.WakeAt(planning_.state().gates[i].look_at);
    } else {
      gate.asked = NextLook(i);
      gate.asked_final = over_;
      planning_.draft().AddLook({i, gate.asked});
    }
  }

  // Higher than any whose answer may still be on its way.
  int64_t NextLook(size_t i) const {
    const std::vector<GateAnswer>& answers = planning_.fleet().answers;
    return i < answers.size() ? answers[i].look + 1 : 1;
  }

  void LookAtSample(size_t i) {
    const MetricGate& gate = planning_.policy().gates[i];
    std::optional<Sample> sample = Gather(planning_, gate);
    if (!sample.has_value()) {
      Set(i, GateVerdict::kInconclusive, "not every host has been sampled",
          over_);
      return;
    }
    Set(i,
        Within(gate, sample->value) ? GateVerdict::kPass : GateVerdict::kFail,
        SampleText(gate, *sample), over_);
  }

  GateVerdict Sum() const {
    GateVerdict sum = GateVerdict::kPass;
    for (const GateState& gate : planning_.state().gates) {
      if (gate.verdict == GateVerdict::kFail) return GateVerdict::kFail;
      if (!gate.final || gate.verdict == GateVerdict::kNone) {
        sum = GateVerdict::kNone;
      } else if (gate.verdict == GateVerdict::kInconclusive &&
                 sum == GateVerdict::kPass) {
        sum = GateVerdict::kInconclusive;
      }
    }
    return sum;
  }

  Planning& planning_;
  const bool over_;
};

// All that have this verdict.
std::string GateWith(const Planning& planning, GateVerdict verdict) {
  const std::vector<GateState>& gates = planning.state().gates;
  std::string text;
  for (size_t i = 0; i < gates.size(); ++i) {
    if (gates[i].verdict != verdict) continue;
    absl::StrAppend(
        &text, text.empty() ? "" : "; ", GateText(planning.policy().gates[i]),
        ": ", gates[i].answer, ", since ",
        absl::FormatTime("%H:%M:%S UTC", gates[i].since, absl::UTCTimeZone()));
  }
  return text;
}

}  // namespace

void ResetGates(Draft& draft) {
  const std::vector<MetricGate>& gates = draft.policy().gates;
  draft.state().gates.assign(gates.size(), {});
  for (size_t i = 0; i < gates.size(); ++i) {
    draft.state().gates[i].look_at = draft.now().steady + gates[i].interval;
  }
}

void ForgetFound(Draft& draft) {
  for (GateState& gate : draft.state().gates) gate.found = GateVerdict::kNone;
}

GateVerdict LookAtGates(Planning& planning, bool over) {
  return Looking(planning, over).Run();
}

std::string FailedGate(const Planning& planning) {
  return GateWith(planning, GateVerdict::kFail);
}

std::string SilentGate(const Planning& planning) {
  return GateWith(planning, GateVerdict::kInconclusive);
}

}  // namespace fleet::controller
