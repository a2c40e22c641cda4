#include "tests/sim/message_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fleet::sim {
namespace {

// "STEP_PHASE_DONE" → "DONE".
std::string Short(const std::string& name, const char* prefix) {
  std::string text = name;
  if (text.rfind(prefix, 0) == 0) text.erase(0, std::string(prefix).size());
  return text;
}

// "0:g5/ready"
std::string TextOf(const v1::Instance& instance) {
  return absl::StrCat(
      instance.slot(), ":g", instance.generation(), "/",
      instance.available()
          ? "AVAILABLE"
          : Short(v1::InstanceState_Name(instance.state()), "INSTANCE_STATE_"));
}

// Of the others the name says it all.
std::string KindOf(const google::protobuf::Message& message, int field) {
  const auto* kind = message.GetDescriptor()->FindFieldByNumber(field);
  return kind == nullptr ? "nothing" : kind->name();
}

template <class Apps>
std::string TextOfAll(const Apps& apps) {
  return absl::StrJoin(apps, "; ",
                       [](std::string* out, const v1::AppStatus& app) {
                         absl::StrAppend(out, sim::TextOf(app));
                       });
}

std::string TextOf(const v1::AppTarget& target) {
  return absl::StrCat(
      target.app(), " s", target.serial(), " g", target.generation(), " r",
      target.revision(), " x", target.instances(),
      target.run_state() == v1::RUN_STATE_STOPPED ? " stopped" : "",
      target.removed() ? " removed" : "");
}

}  // namespace

std::string TextOf(const v1::AppStatus& app) {
  const v1::Step& step = app.step();
  std::string text =
      absl::StrCat(app.app(), " s", app.serial(), " g", app.generation(), " r",
                   app.revision(), " step g", step.generation(), " ",
                   Short(v1::StepPhase_Name(step.phase()), "STEP_PHASE_"), " ",
                   step.slots_done(), "/", step.slots_total());
  if (!step.reason().empty())
    absl::StrAppend(&text, " \"", step.reason(), "\"");
  for (const v1::Instance& instance : app.instances()) {
    absl::StrAppend(&text, " ", TextOf(instance));
  }
  return text;
}

std::string TextOf(const v1::SessionRequest& message) {
  if (message.has_hello()) {
    return absl::StrCat("Hello epoch ", message.hello().epoch(), " [",
                        TextOfAll(message.hello().apps()), "]");
  }
  if (message.has_state_report()) {
    const v1::StateReport& report = message.state_report();
    return absl::StrCat(report.full() ? "full report " : "report ",
                        report.seq(), " [", TextOfAll(report.apps()), "]",
                        report.removed_app_uids().empty() ? "" : " removed");
  }
  if (message.has_desired_state_ack()) {
    const v1::DesiredStateAck& ack = message.desired_state_ack();
    return absl::StrCat("ack ", ack.nonce(), ack.code() == 0 ? "" : ": ",
                        ack.message());
  }
  return KindOf(message, message.message_case());
}

std::string TextOf(const v1::SessionResponse& message) {
  if (message.has_welcome()) {
    return absl::StrCat("Welcome epoch ", message.welcome().epoch());
  }
  if (message.has_desired_state()) {
    const v1::DesiredState& state = message.desired_state();
    std::string text =
        absl::StrCat(state.full() ? "full desired " : "desired ", state.nonce(),
                     " epoch ", state.epoch(), " [");
    for (const v1::AppTarget& target : state.targets()) {
      absl::StrAppend(&text, text.back() == '[' ? "" : "; ", TextOf(target));
    }
    return absl::StrCat(text, "]");
  }
  if (message.has_go_away()) {
    return absl::StrCat("go_away: ", message.go_away().reason());
  }
  return KindOf(message, message.message_case());
}

}  // namespace fleet::sim
