#include "cli/rollout/rollout_board.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "cli/rollout/rollout_words.h"

namespace fleet::cli {
namespace {

constexpr int kBarWidth = 10;
constexpr size_t kWidestName = 30;
// Title, the line that sums up, and the one the cursor stands in.
constexpr size_t kOtherLines = 3;

// Puts parts in a line that is not wider than the terminal; colours take no
// room.
class Line {
 public:
  Line(size_t width, const TextStyle& style) : left_(width), style_(style) {}

  void Add(std::string_view text, Colour colour = Colour::kNone) {
    const std::string fitting = Truncated(text, left_);
    left_ -= DisplayWidth(fitting);
    text_ += style_.Paint(colour, fitting);
  }
  std::string Take() { return std::move(text_); }

 private:
  size_t left_;
  const TextStyle& style_;
  std::string text_;
};

bool IsUrgent(const v1::HostStep& step) {
  return IsInFlight(step.phase()) ||
         step.phase() == v1::HOST_STEP_PHASE_FAILED ||
         step.phase() == v1::HOST_STEP_PHASE_UNKNOWN;
}

// All of them in their order, or the urgent ones first and no more than fit.
std::vector<const v1::HostStep*> ChooseSteps(const v1::Rollout& rollout,
                                             size_t room) {
  std::vector<const v1::HostStep*> steps;
  for (const v1::HostStep& step : rollout.steps()) steps.push_back(&step);
  if (steps.size() <= room) return steps;
  std::stable_partition(steps.begin(), steps.end(),
                        [](const auto* step) { return IsUrgent(*step); });
  steps.resize(room > 0 ? room - 1 : 0);  // One line says what is left out.
  return steps;
}

std::string HostLine(const v1::Rollout& rollout, const v1::HostStep& step,
                     size_t name_width, size_t width, absl::Time now,
                     const TextStyle& style) {
  const v1::Step& progress = step.progress();
  const bool done = step.phase() == v1::HOST_STEP_PHASE_DONE;
  const int total = std::max(progress.slots_total(), done ? 1 : 0);
  const int slots = done ? total : progress.slots_done();
  const PhaseText phase = HostPhaseText(step.phase());
  Line line(width, style);
  line.Add("  ");
  line.Add(PaddedRight(Truncated(step.host(), name_width), name_width));
  line.Add("  ");
  line.Add(ProgressBar(slots, total, kBarWidth), phase.colour);
  line.Add("  ");
  const bool begun = progress.slots_total() > 0 || step.has_admit_time();
  line.Add(PaddedRight(phase.text, begun ? 9 : 0), phase.colour);
  if (begun) {
    line.Add(PaddedLeft(
        progress.slots_total() > 0 ? absl::StrCat(slots, "/", total) : "", 7));
    line.Add(PaddedLeft(
        step.has_admit_time() ? ElapsedText(ElapsedOf(step, now)) : "", 8));
  }
  const std::string reason = Printable(StepReason(rollout, step));
  if (!done && !reason.empty()) {
    line.Add("  ");
    line.Add(reason);
  }
  return line.Take();
}

}  // namespace

std::vector<std::string> RolloutBoard(const v1::Rollout& rollout,
                                      const TerminalSize& size, absl::Time now,
                                      const TextStyle& style, bool with_hold) {
  size_t room = size.height > kOtherLines ? size.height - kOtherLines : 0;
  const std::string help = room > 0 ? HoldHelp(rollout) : "";
  if (!help.empty()) --room;
  const auto steps = ChooseSteps(rollout, room);
  size_t name_width = 0;
  for (const auto* step : steps) {
    name_width = std::max(name_width, DisplayWidth(step->host()));
  }
  name_width = std::min(name_width, kWidestName);

  std::vector<std::string> lines;
  Line title(size.width, style);
  title.Add(RolloutTitle(rollout), Colour::kBold);
  title.Add("  ");
  title.Add(rollout.uid(), Colour::kGrey);
  lines.push_back(title.Take());
  for (const auto* step : steps) {
    lines.push_back(
        HostLine(rollout, *step, name_width, size.width, now, style));
  }
  const size_t left_out = rollout.steps_size() - steps.size();
  if (left_out > 0 && room > 0) {
    Line rest(size.width, style);
    rest.Add(absl::StrCat("  … and ", left_out, " more hosts"), Colour::kGrey);
    lines.push_back(rest.Take());
  }
  const PhaseText phase = RolloutPhaseText(rollout);
  Line summary(size.width, style);
  summary.Add("  ");
  summary.Add(phase.text, phase.colour);
  summary.Add(absl::StrCat("  ", CountsText(CountHosts(rollout)), "  ",
                           ElapsedText(ElapsedOf(rollout, now))));
  // A failure is told in its host's line.
  const v1::Hold* hold = FirstHold(rollout);
  const bool told = hold != nullptr && hold->kind() == v1::HOLD_KIND_FAILURE &&
                    CountHosts(rollout).failed > 0;
  if (with_hold && hold != nullptr && !told) {
    summary.Add("  ");
    summary.Add(Printable(hold->reason()), Colour::kYellow);
  }
  const std::string message = TellingMessage(rollout);
  if (with_hold && hold == nullptr && !rollout.has_end_time() &&
      !message.empty()) {
    summary.Add("  ");
    summary.Add(message, Colour::kYellow);
  }
  lines.push_back(summary.Take());
  if (!help.empty()) {
    Line last(size.width, style);
    last.Add(absl::StrCat("  ", help));
    lines.push_back(last.Take());
  }
  return lines;
}

std::string ProgressBar(int done, int total, int width) {
  const int full = total > 0 ? std::clamp(done * width / total, 0, width) : 0;
  std::string bar;
  for (int i = 0; i < width; ++i) bar += i < full ? "█" : "░";
  return bar;
}

}  // namespace fleet::cli
