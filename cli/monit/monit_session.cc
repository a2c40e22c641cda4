#include "cli/monit/monit_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/commands/app_names.h"
#include "cli/commands/host_names.h"
#include "cli/monit/monit_keys.h"
#include "cli/monit/monit_order.h"
#include "cli/monit/monit_view.h"

namespace fleet::cli {
namespace {

constexpr absl::Duration kAskPeriod = absl::Seconds(1);
constexpr absl::Duration kLongestPeriod = absl::Seconds(10);
// Of the time between two questions, an answer may take this part.
constexpr int kShare = 10;
constexpr absl::Duration kDrawPeriod = absl::Milliseconds(50);
// A lone escape is a key when nothing follows it for so long.
constexpr absl::Duration kEscapeWait = absl::Milliseconds(50);
// Whoever runs through the rows does not want each one's logs.
constexpr absl::Duration kLogsWait = absl::Milliseconds(200);
constexpr absl::Duration kMessageTime = absl::Seconds(8);
constexpr int kLogLines = 100;

}  // namespace

struct MonitSession::Answer {
  absl::StatusOr<v1::ListHostsResponse> hosts;
  absl::StatusOr<v1::ListAppsResponse> apps;
};

MonitSession::MonitSession(FleetClient& client, EventLoop& loop,
                           Options options)
    : client_(client), loop_(loop), options_(std::move(options)) {}

MonitSession::~MonitSession() {
  for (const EventLoop::TimerId timer :
       {ask_timer_, draw_timer_, key_timer_, logs_timer_, clock_timer_}) {
    loop_.CancelTimer(timer);
  }
  screen_.reset();
  logs_.reset();
  // An order that was given is carried out; a question may be cut off.
  orders_.reset();
  client_.CancelCalls();
}

absl::Status MonitSession::Run() {
  FullScreen::Events events;
  events.on_input = [this](std::string_view bytes) {
    OnKeys(keys_.Take(bytes));
    loop_.CancelTimer(key_timer_);
    if (!keys_.waiting()) return;
    key_timer_ =
        loop_.AddTimerAfter(kEscapeWait, [this] { OnKeys(keys_.TakeRest()); });
  };
  events.on_resize = [this] {
    screen_->Forget();
    Changed();
  };
  events.on_end = [this] { done_ = true; };
  events.on_drawn = [this] { Changed(); };
  auto screen = FullScreen::Open(loop_, options_.in_fd, options_.out_fd,
                                 options_.colours, std::move(events));
  if (!screen.ok()) return screen.status();
  screen_ = *std::move(screen);
  polls_ = std::make_unique<BackgroundCalls>(loop_);
  orders_ = std::make_unique<BackgroundCalls>(loop_);
  Ask();
  Draw();
  while (!done_) loop_.RunOnce(absl::InfiniteDuration());
  return outcome_;
}

// ---------------------------------------------------------------- questions

void MonitSession::Ask() {
  const absl::Time start = loop_.clock().Now();
  polls_->Run([this, start, hosts = options_.hosts] {
    v1::ListHostsRequest of_hosts;
    of_hosts.set_selector(hosts);
    v1::ListAppsRequest of_apps;
    of_apps.set_omit_specs(true);
    of_apps.set_hosts(hosts);
    Answer answer = {ListAllHosts(client_, of_hosts),
                     ListAllApps(client_, of_apps)};
    const absl::Duration took = loop_.clock().Now() - start;
    return [this, answer = std::move(answer), took] { OnAnswer(answer, took); };
  });
}

void MonitSession::OnAnswer(const Answer& answer, absl::Duration took) {
  const absl::Duration wait =
      std::clamp(took * kShare, kAskPeriod, kLongestPeriod);
  ask_timer_ = loop_.AddTimerAfter(wait, [this] { Ask(); });
  if (answer.hosts.ok() && answer.apps.ok()) {
    state_.hosts = *answer.hosts;
    state_.apps = *answer.apps;
    state_.history.AddHosts(state_.hosts);
    state_.history.AddApps(state_.apps);
    state_.updated = loop_.clock().Now();
    state_.problem.clear();
    SettleSelection(state_);
    FollowLogs();
  } else {
    const absl::Status why =
        answer.hosts.ok() ? answer.apps.status() : answer.hosts.status();
    if (absl::IsUnauthenticated(why)) return Leave(why);
    state_.problem = std::string(why.message());
    state_.message = state_.problem;
    state_.message_colour = Colour::kRed;
    state_.message_until = loop_.clock().Now() + kMessageTime;
  }
  Changed();
}

// Nothing that is asked from now on has another answer, and what is on the
// screen is no longer true.
void MonitSession::Leave(const absl::Status& why) {
  done_ = true;
  outcome_ = why;
}

void MonitSession::FollowLogs() {
  if (state_.selected.app == state_.logs_app && logs_ != nullptr) return;
  loop_.CancelTimer(logs_timer_);
  logs_timer_ = loop_.AddTimerAfter(kLogsWait, [this] {
    logs_.reset();
    state_.logs.clear();
    state_.logs_app = state_.selected.app;
    if (state_.logs_app.empty()) return;
    v1::TailLogsRequest request;
    request.add_apps(state_.logs_app);
    request.set_hosts(options_.hosts);
    request.set_lines(kLogLines);
    request.set_follow(true);
    StreamHandlers<v1::TailLogsResponse> handlers;
    handlers.on_message = [this](const v1::TailLogsResponse& message) {
      AddLogs(message, state_);
      Changed();
    };
    // The next answer to a question finds it missing and asks anew.
    handlers.on_end = [this](const absl::Status& why) {
      if (absl::IsUnauthenticated(why)) Leave(why);
      loop_.Post([this] { logs_.reset(); });
    };
    logs_ = client_.Stream(request, loop_, std::move(handlers));
  });
}

// --------------------------------------------------------------------- keys

void MonitSession::OnKeys(const std::vector<Key>& keys) {
  for (const Key& key : keys) React(key);
  if (!keys.empty()) Changed();
}

void MonitSession::React(const Key& key) {
  const size_t page = LayoutOf(state_, screen_->size()).instance_rows;
  const MonitReaction reaction = HandleKey(key, page, state_);
  if (reaction.quit) done_ = true;
  if (reaction.redraw) screen_->Forget();
  if (reaction.suspend) screen_->Suspend();
  if (reaction.order) Perform(*reaction.order);
  FollowLogs();
}

void MonitSession::Perform(const MonitOrder& order) {
  state_.message = absl::StrCat(OrderText(order), " …");
  state_.message_colour = Colour::kNone;
  state_.message_until = loop_.clock().Now() + kMessageTime;
  const bool taken = orders_->Run([this, order] {
    const auto done = GiveOrder(client_, order);
    return [this, done, order] {
      state_.message = done.ok() ? *done : std::string(done.status().message());
      state_.message_colour = done.ok() ? Colour::kGreen : Colour::kRed;
      state_.message_until = loop_.clock().Now() + kMessageTime;
      Changed();
    };
  });
  if (!taken)
    state_.message = "too many orders are on their way; wait a little";
}

// ------------------------------------------------------------------ drawing

void MonitSession::Changed() {
  if (draw_timer_ != 0) return;
  const absl::Time next =
      std::max(loop_.clock().Now(), drawn_at_ + kDrawPeriod);
  draw_timer_ = loop_.AddTimer(next, [this] {
    draw_timer_ = 0;
    Draw();
  });
}

MonitFrame MonitSession::Frame() const {
  return {screen_->size(), loop_.clock().Now(), loop_.clock().WallNow(),
          options_.utf8};
}

void MonitSession::Draw() {
  drawn_at_ = loop_.clock().Now();
  screen_->Draw(RenderMonit(state_, Frame()));
  // Ages go on, and so does the clock.
  loop_.CancelTimer(clock_timer_);
  clock_timer_ = loop_.AddTimerAfter(kAskPeriod, [this] { Changed(); });
}

}  // namespace fleet::cli
