#include "cli/rollout/rollout_follower.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/rollout/rollout_board.h"

namespace fleet::cli {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(100);
constexpr absl::Duration kJournalTick = absl::Seconds(1);
constexpr absl::Duration kFirstRetry = absl::Milliseconds(200);
constexpr absl::Duration kLongestRetry = absl::Seconds(2);

// The rest is for the caller: the rollout is not known, or not to be seen.
bool MayComeBack(const absl::Status& status) {
  return status.ok() || absl::IsUnavailable(status) ||
         absl::IsDeadlineExceeded(status) || absl::IsCancelled(status) ||
         absl::IsInternal(status) || absl::IsUnknown(status) ||
         absl::IsResourceExhausted(status);
}

}  // namespace

// One rollout that is followed.
struct RolloutFollower::Track {
  std::string uid;
  std::unique_ptr<StreamCall> call;
  v1::Rollout rollout;
  bool seen = false;
  int64_t last_seq = 0;
  RolloutJournal journal;
  absl::Duration pause = kFirstRetry;
  absl::Time lost_since = absl::InfiniteFuture();  // Steady time.
  EventLoop::TimerId reopen = 0;
};

RolloutFollower::RolloutFollower(FleetClient& client, EventLoop& loop,
                                 const FollowOptions& options)
    : client_(client),
      loop_(loop),
      options_(options),
      screen_(*options.progress) {}

RolloutFollower::~RolloutFollower() {
  loop_.CancelTimer(tick_);
  loop_.CancelTimer(limit_);
  for (const auto& track : tracks_) loop_.CancelTimer(track->reopen);
}

FollowOutcome RolloutFollower::Follow(const std::vector<std::string>& uids) {
  for (const std::string& uid : uids) {
    tracks_.push_back(std::make_unique<Track>());
    tracks_.back()->uid = uid;
    tracks_.back()->rollout.set_uid(uid);
    tracks_.back()->last_seq = options_.from_seq;
    Open(*tracks_.back());
  }
  if (options_.limit < absl::InfiniteDuration()) {
    limit_ = loop_.AddTimerAfter(options_.limit, [this] {
      Finish(FollowEnd::kTimeout, absl::OkStatus());
    });
  }
  Tick();
  while (!finished_) loop_.RunOnce(absl::InfiniteDuration());
  Draw();
  for (const auto& track : tracks_) {
    track->call.reset();
    outcome_.rollouts.push_back(std::move(track->rollout));
  }
  return std::move(outcome_);
}

void RolloutFollower::Interrupt() {
  Finish(FollowEnd::kInterrupted, absl::OkStatus());
}

void RolloutFollower::Open(Track& track) {
  v1::WatchRolloutRequest request;
  request.set_name(track.uid);
  request.set_from_seq(track.last_seq);
  StreamHandlers<v1::WatchRolloutResponse> handlers;
  handlers.on_message = [this, &track](const auto& message) {
    OnMessage(track, message);
  };
  handlers.on_end = [this, &track](const absl::Status& status) {
    OnEnd(track, status);
  };
  track.call.reset();
  track.call = client_.Stream(request, loop_, std::move(handlers));
}

void RolloutFollower::OnMessage(Track& track,
                                const v1::WatchRolloutResponse& message) {
  track.rollout = message.rollout();
  track.seen = true;
  track.pause = kFirstRetry;
  if (track.lost_since != absl::InfiniteFuture()) {
    Say(absl::StrCat(track.uid, ": the controller is back"));
    track.lost_since = absl::InfiniteFuture();
  }
  // A server may repeat what was seen; the journal has each event once.
  v1::WatchRolloutResponse fresh = message;
  fresh.clear_events();
  for (const v1::RolloutEvent& event : message.events()) {
    if (event.seq() <= track.last_seq) continue;
    track.last_seq = event.seq();
    *fresh.add_events() = event;
    if (options_.on_event) options_.on_event(track.uid, event);
  }
  for (const std::string& line :
       track.journal.Add(fresh, loop_.clock().WallNow())) {
    Print(line);
  }
  Draw();
  if (AllSettled()) Finish(FollowEnd::kSettled, absl::OkStatus());
}

void RolloutFollower::OnEnd(Track& track, const absl::Status& status) {
  if (track.seen && VerdictOfTrack(track) != Verdict::kGoing) return;
  if (!MayComeBack(status)) return Finish(FollowEnd::kLost, status);
  const absl::Time now = loop_.clock().Now();
  if (track.lost_since == absl::InfiniteFuture()) {
    track.lost_since = now;
    Say(absl::StrCat(
        track.uid, ": lost the controller, trying again: ", status.message()));
  }
  if (now - track.lost_since > options_.patience) {
    return Finish(FollowEnd::kLost,
                  absl::UnavailableError(
                      absl::StrCat("the controller at ", client_.address(),
                                   " did not come back: ", status.message())));
  }
  track.reopen =
      loop_.AddTimerAfter(track.pause, [this, &track] { Open(track); });
  track.pause = std::min(track.pause * 2, kLongestRetry);
}

void RolloutFollower::Tick() {
  const absl::Time now = loop_.clock().WallNow();
  for (const auto& track : tracks_) {
    // Only this one prints without an event: it never speaks on a terminal.
    const bool away = track->lost_since != absl::InfiniteFuture();
    if (const auto line = track->journal.Heartbeat(now, away)) Print(*line);
  }
  Draw();
  // A verdict may come with time alone.
  if (AllSettled()) return Finish(FollowEnd::kSettled, absl::OkStatus());
  tick_ = loop_.AddTimerAfter(options_.terminal ? kFrame : kJournalTick,
                              [this] { Tick(); });
}

void RolloutFollower::Draw() {
  if (!options_.terminal) return;
  TerminalSize size = options_.terminal();
  size.height /= std::max<size_t>(1, tracks_.size());
  std::vector<std::string> lines;
  for (const auto& track : tracks_) {
    if (!track->seen) continue;
    auto board = RolloutBoard(track->rollout, size, loop_.clock().WallNow(),
                              options_.style);
    if (track->lost_since != absl::InfiniteFuture()) {
      board.back() = options_.style.Paint(
          Colour::kYellow, "  the controller is away; the rollout goes on");
    }
    std::move(board.begin(), board.end(), std::back_inserter(lines));
  }
  screen_.Draw(lines);
}

void RolloutFollower::Print(const std::string& line) {
  if (!options_.on_event) Say(line);
}

void RolloutFollower::Say(const std::string& line) {
  if (!options_.terminal) *options_.progress << line << std::endl;
}

bool RolloutFollower::AllSettled() const {
  return std::all_of(tracks_.begin(), tracks_.end(), [this](const auto& t) {
    return t->seen && VerdictOfTrack(*t) != Verdict::kGoing;
  });
}

void RolloutFollower::Finish(FollowEnd end, const absl::Status& status) {
  if (finished_) return;
  finished_ = true;
  outcome_.end = end;
  outcome_.status = status;
}

Verdict RolloutFollower::VerdictOfTrack(const Track& track) const {
  return VerdictOf(track.rollout, loop_.clock().WallNow());
}

}  // namespace fleet::cli
