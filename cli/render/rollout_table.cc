#include "cli/render/rollout_table.h"

#include "absl/strings/str_cat.h"
#include "cli/render/age.h"
#include "cli/render/text_table.h"
#include "cli/rollout/rollout_words.h"

namespace fleet::cli {

std::string RolloutTable(const v1::ListRolloutsResponse& rollouts,
                         absl::Time now, const TextStyle& style) {
  TextTable table({{"rollout"},
                   {"app"},
                   {"kind"},
                   {"revision", true},
                   {"state"},
                   {"hosts done", true},
                   {"age", true},
                   {"took", true},
                   {"by"}});
  for (const v1::Rollout& rollout : rollouts.rollouts()) {
    const PhaseText phase = RolloutPhaseText(rollout);
    const std::string revisions =
        rollout.from_revision() == rollout.to_revision() ||
                rollout.from_revision() == 0
            ? absl::StrCat(rollout.to_revision())
            : absl::StrCat(rollout.from_revision(), " → ",
                           rollout.to_revision());
    table.AddRow(
        {{rollout.uid(), Colour::kCyan},
         rollout.app(),
         KindText(rollout.kind()),
         revisions,
         {phase.text, phase.colour},
         absl::StrCat(rollout.hosts_done(), "/", rollout.hosts_total()),
         AgeText(rollout.has_create_time(), rollout.create_time(), now),
         ElapsedText(ElapsedOf(rollout, now)),
         rollout.actor()});
  }
  return table.ToText(style);
}

}  // namespace fleet::cli
