#include "cli/render/app_details.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/render/age.h"
#include "cli/render/app_summary.h"
#include "cli/render/app_table.h"
#include "cli/render/cordon_text.h"
#include "cli/render/event_text.h"
#include "cli/render/health_text.h"
#include "cli/render/limit_text.h"
#include "fleet/v1/app_service.pb.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/app_spec_proto.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {
namespace {

constexpr size_t kLabelWidth = 15;
constexpr int kMostScaledHosts = 5;

class Details {
 public:
  explicit Details(const TextStyle& style) : style_(style) {}

  void Section(std::string_view title) {
    if (!text_.empty()) text_ += "\n";
    absl::StrAppend(&text_, style_.Paint(Colour::kBold, title), "\n");
  }
  // Left out when `value` is empty.
  void Line(std::string_view label, std::string_view value,
            Colour colour = Colour::kNone) {
    if (value.empty()) return;
    absl::StrAppend(&text_, "  ", PaddedRight(label, kLabelWidth),
                    label.size() < kLabelWidth ? "" : "  ",
                    style_.Paint(colour, Printable(value)), "\n");
  }
  void Line(std::string_view text, Colour colour) {
    absl::StrAppend(&text_, "  ", style_.Paint(colour, Printable(text)), "\n");
  }
  void Text(std::string_view text) { text_.append(text); }
  std::string Take() { return std::move(text_); }

 private:
  const TextStyle& style_;
  std::string text_;
};

std::string InstancesText(int instances) {
  if (instances > 0) return absl::StrCat(instances, " on each host");
  if (instances == 0) return "one per core";
  return absl::StrCat("one per core, less ", -instances);
}

// Hosts that were scaled by themselves: "; 2 on host-1".
std::string ScaledText(const v1::App& app) {
  const int usual = app.spec().instances();
  std::string text;
  int named = 0;
  for (const v1::HostApp& host : app.hosts()) {
    const v1::AppStatus& status = host.status();
    const bool other = usual > 0 && host.has_status() &&
                       status.run_state() == v1::RUN_STATE_RUNNING &&
                       status.desired_instances() != usual;
    if (!other) continue;
    if (++named > kMostScaledHosts) return text + " …";
    absl::StrAppend(&text, "; ", status.desired_instances(), " on ",
                    host.host());
  }
  return text;
}

// Old and new worker accept from one queue.
bool SharesSocket(const AppSpec& spec) {
  return spec.socket_sharing == SocketSharing::kShared ||
         std::any_of(spec.listen.begin(), spec.listen.end(),
                     [](const auto& url) { return url.starts_with("unix:"); });
}

std::string ReloadText(const AppSpec& spec) {
  if (EffectiveStrategy(spec) != ReloadStrategy::kSurge) {
    return "stop-first: the old worker stops before the new one starts";
  }
  return absl::StrCat("surge: the new worker is ready before the old one stops",
                      SharesSocket(spec)
                          ? "; on the shared socket it accepts from its start"
                          : "");
}

std::string StopText(const StopPolicy& stop) {
  return absl::StrCat(
      stop.shutdown_with_message ? "message \"shutdown\"" : stop.signal,
      ", SIGKILL after ", DurationText(stop.kill_timeout),
      stop.treekill ? "" : ", main process only");
}

std::string RestartText(const RestartPolicy& restart) {
  std::string text = restart.autorestart ? "always" : "never";
  if (restart.autorestart) {
    absl::StrAppend(&text, ", gives up after ", restart.max_restarts,
                    " exits within ", DurationText(restart.min_uptime));
  }
  if (restart.max_memory_bytes > 0) {
    absl::StrAppend(&text, ", reloads over ",
                    HumanSize(restart.max_memory_bytes),
                    " (its whole tree, looked at every 2s)");
  }
  return text;
}

std::string CalendarText(const RestartPolicy& restart) {
  if (restart.cron_restart.empty()) return "";
  return absl::StrCat(restart.cron_restart,
                      restart.cron_time_zone.empty()
                          ? ", in the host's zone"
                          : ", " + restart.cron_time_zone);
}

// What is set, and how much it can be.
std::string LogText(const LogPolicy& logs) {
  if (logs.disabled) return "not kept; logs -f shows what is written";
  std::vector<std::string> parts = {absl::StrCat(
      logs.max_files, " files of ", HumanSize(logs.max_size_bytes),
      " beside the present one", logs.compress ? ", compressed" : "")};
  if (logs.rotate_interval > absl::ZeroDuration()) {
    parts.push_back(
        absl::StrCat("a new one each ", DurationText(logs.rotate_interval)));
  }
  if (logs.json) parts.emplace_back("JSON");
  if (!logs.date_format.empty()) {
    parts.push_back(absl::StrCat("time ", logs.date_format));
  }
  if (logs.merge) parts.emplace_back("one for all instances");
  return absl::StrJoin(parts, ", ");
}

std::string CommandText(const AppSpec& spec) {
  std::vector<std::string> words;
  if (spec.interpreter != "none") words.push_back(spec.interpreter);
  words.insert(words.end(), spec.interpreter_args.begin(),
               spec.interpreter_args.end());
  words.push_back(spec.script);
  words.insert(words.end(), spec.args.begin(), spec.args.end());
  return absl::StrJoin(words, " ");
}

void AddSpec(const v1::App& app, Details& details) {
  const AppSpec spec = FromProto(app.spec());
  std::vector<std::string> names;
  for (const auto& [name, value] : spec.env) names.push_back(name);
  details.Section("spec");
  details.Line("command", CommandText(spec));
  details.Line("cwd", spec.cwd);
  details.Line("user", spec.user);
  details.Line("instances", InstancesText(spec.instances) + ScaledText(app));
  details.Line("mode",
               spec.exec_mode == ExecMode::kCluster ? "cluster" : "fork");
  details.Line("hosts", spec.hosts);
  details.Line("listen", absl::StrCat(absl::StrJoin(spec.listen, ", "),
                                      spec.takeover ? ", by takeover" : ""));
  details.Line("ready", ReadinessText(spec));
  details.Line("alive", LivenessText(spec.liveness));
  details.Line("reload", ReloadText(spec));
  details.Line("stop", StopText(spec.stop));
  details.Line("restart", RestartText(spec.restart));
  details.Line("calendar", CalendarText(spec.restart));
  details.Line("watch", absl::StrJoin(spec.watch.paths, ", "));
  details.Line("env", absl::StrJoin(names, ", "));
  details.Line("out file", spec.logs.out_file);
  details.Line("error file", spec.logs.error_file);
  details.Line("both in", spec.logs.log_file);
  details.Line("logs", LogText(spec.logs));
}

void AddHosts(const v1::App& app, const TableView& view, Details& details) {
  details.Section("workers, as their hosts say");
  v1::ListAppsResponse one;
  *one.add_apps() = app;
  details.Text(InstanceTable(one, view));
  for (const v1::HostApp& host : app.hosts()) {
    const v1::Step& step = host.status().step();
    if (step.phase() == v1::STEP_PHASE_FAILED) {
      details.Line(host.host(),
                   absl::StrCat("generation ", step.generation(),
                                " failed: ", step.reason()),
                   Colour::kRed);
      for (const std::string& line : step.stderr_tail()) {
        details.Line("", absl::StrCat("| ", line), Colour::kGrey);
      }
    }
    details.Line(host.host(), RefusalText(host.refusal()), Colour::kRed);
    if (!host.status().message().empty()) {
      details.Line(host.host(), host.status().message(), Colour::kYellow);
    }
    if (host.has_cordon()) {
      details.Line(host.host(),
                   CordonText(host.host(), host.cordon(), view.now),
                   Colour::kYellow);
    }
  }
}

// What was asked for and what keeps it, as the hosts say.
void AddLimits(const v1::App& app, Details& details) {
  const std::vector<LimitLine> lines = LimitLines(app);
  if (lines.empty()) return;
  details.Section("limits and hardening");
  for (const LimitLine& line : lines) {
    details.Line(line.text, line.kept ? Colour::kNone : Colour::kYellow);
  }
}

const char* HookPhaseText(v1::HookPhase phase) {
  if (phase == v1::HOOK_PHASE_DONE) return "done";
  if (phase == v1::HOOK_PHASE_FAILED) return "failed";
  return "runs";
}

// As the hosts have run them for what they run now.
void AddHooks(const v1::App& app, absl::Time now, Details& details) {
  bool first = true;
  for (const v1::HostApp& host : app.hosts()) {
    for (const v1::HookResult& hook : host.status().hooks()) {
      if (std::exchange(first, false)) details.Section("hooks");
      const bool failed = hook.phase() == v1::HOOK_PHASE_FAILED;
      details.Line(
          hook.name(),
          absl::StrCat("on ", host.host(), ": ", HookPhaseText(hook.phase()),
                       hook.reason().empty() ? "" : ", ", hook.reason(), ", ",
                       hook.has_end_time() ? AgeText(true, hook.end_time(), now)
                                           : AgeText(hook.has_start_time(),
                                                     hook.start_time(), now),
                       hook.has_end_time() ? " ago" : " so far"),
          failed ? Colour::kRed : Colour::kNone);
      for (const std::string& line : hook.output()) {
        if (failed) {
          details.Line("", absl::StrCat("| ", line), Colour::kGrey);
        }
      }
    }
  }
}

void AddExits(const v1::App& app, Details& details) {
  bool first = true;
  for (const v1::HostApp& host : app.hosts()) {
    for (const v1::Instance& instance : host.status().instances()) {
      if (instance.last_exit().empty()) continue;
      if (first) details.Section("last exits");
      first = false;
      details.Line(
          absl::StrCat(app.name(), ".", instance.slot()),
          absl::StrCat("on ", host.host(), ": ", instance.last_exit()));
    }
  }
}

void AddEvents(const v1::App& app, absl::Time now, Details& details) {
  bool first = true;
  for (const EventLine& event : EventLines(app, now)) {
    if (std::exchange(first, false)) details.Section("what happened lately");
    details.Line(event.age, event.text, event.colour);
  }
}

void AddFacts(const v1::App& app,
              const google::protobuf::RepeatedPtrField<v1::HostAnswer>& facts,
              Details& details) {
  for (const v1::HostAnswer& answer : facts) {
    for (const v1::WorkerFacts& worker : answer.workers()) {
      details.Section(absl::StrCat(app.name(), ".", worker.slot(), " on ",
                                   answer.host(), ", pid ", worker.pid()));
      for (const v1::Fact& fact : worker.facts()) {
        details.Line(fact.name(), fact.value());
      }
    }
  }
  bool first = true;
  for (const v1::HostAnswer& answer : facts) {
    // Where none runs, the table above says so.
    if (answer.code() == 0 ||
        answer.code() == static_cast<int>(absl::StatusCode::kNotFound)) {
      continue;
    }
    if (std::exchange(first, false)) details.Section("not told");
    details.Line(answer.host(),
                 absl::StrCat("nothing more is known: ", answer.message()),
                 Colour::kYellow);
  }
}

// Of the workers whose output did not all get where it should, or that had to
// wait with it.
void AddLogs(const v1::App& app, Details& details) {
  bool first = true;
  for (const v1::HostApp& host : app.hosts()) {
    for (const v1::Instance& instance : host.status().instances()) {
      const v1::LogCounters& logs = instance.logs();
      if (logs.lost_bytes() + logs.full_pipes() == 0 &&
          logs.problem().empty()) {
        continue;
      }
      if (std::exchange(first, false)) details.Section("logs");
      std::string text =
          absl::StrCat("on ", host.host(), ": wrote ", HumanSize(logs.bytes()));
      if (logs.lost_bytes() > 0) {
        absl::StrAppend(&text, ", ", HumanSize(logs.lost_bytes()), " lost");
      }
      if (logs.full_pipes() > 0) {
        absl::StrAppend(&text, ", its pipe was full ", logs.full_pipes(),
                        " times");
      }
      details.Line(absl::StrCat(app.name(), ".", instance.slot()), text);
      if (!logs.problem().empty()) {
        details.Line("", logs.problem(), Colour::kRed);
      }
    }
  }
}

}  // namespace

std::string AppDetails(
    const v1::App& app,
    const google::protobuf::RepeatedPtrField<v1::HostAnswer>& facts,
    const TableView& view) {
  const AppSummary summary = Summarize(app);
  Details details(view.style);
  details.Section(app.name());
  details.Line("id", absl::StrCat(app.id(), ", namespace ", app.namespace_()));
  details.Line("state", summary.state, summary.colour);
  details.Line("ready", absl::StrCat(summary.ready, " of ", summary.desired,
                                     " instances, ", summary.hosts_ok, " of ",
                                     summary.hosts, " hosts"));
  details.Line("runs", absl::StrCat("revision ", RevisionText(summary)));
  details.Line("", MixedHelp(app, summary), Colour::kYellow);
  details.Line(
      "newest",
      absl::StrCat("revision ", app.revision(),
                   app.revision_hash().empty() ? "" : " ", app.revision_hash(),
                   app.proven_revision() == app.revision() ? ", proven"
                   : app.proven_revision() == 0
                       ? ", no revision is proven yet"
                       : absl::StrCat(", proven is ", app.proven_revision())));
  details.Line("rollout", app.active_rollout_uid());
  details.Line("created", absl::StrCat(AgeText(app.has_create_time(),
                                               app.create_time(), view.now),
                                       " ago"));
  AddSpec(app, details);
  AddHosts(app, view, details);
  AddLimits(app, details);
  AddHooks(app, view.now, details);
  AddExits(app, details);
  AddEvents(app, view.now, details);
  AddFacts(app, facts, details);
  AddLogs(app, details);
  return details.Take();
}

}  // namespace fleet::cli
