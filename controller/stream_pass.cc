#include "controller/stream_pass.h"

#include <utility>
#include <vector>

#include "spdlog/spdlog.h"

namespace fleet::controller {

void OpenStreams::Add(StreamPass& pass) {
  open_.insert(&pass);
  if (timer_ == 0) LookLater();
}

void OpenStreams::LookLater() {
  timer_ = loop_.AddTimerAfter(kPeriod, [this] {
    timer_ = 0;
    Look();
    if (!open_.empty()) LookLater();
  });
}

void OpenStreams::Look() {
  // One that is expelled may take others with it.
  const std::vector<StreamPass*> now(open_.begin(), open_.end());
  for (StreamPass* pass : now) {
    if (!open_.contains(pass)) continue;
    const absl::Status good = policy_.Recheck(pass->caller());
    if (good.ok()) continue;
    spdlog::info("a stream of {} is cut", pass->caller().name);
    open_.erase(pass);
    pass->Expel(good);
  }
}

StreamPass::StreamPass(OpenStreams& streams, CallPolicy& policy, Call call)
    : streams_(streams), policy_(policy), call_(std::move(call)) {}

StreamPass::~StreamPass() {
  *alive_ = false;
  streams_.Remove(*this);
}

void StreamPass::Expel(const absl::Status& why) {
  // It may end this object.
  const Expelled expelled = std::move(expelled_);
  expelled(why);
}

void StreamPass::Ask(Admitted admitted, Expelled expelled) {
  expelled_ = std::move(expelled);
  policy_.Prepare(call_.credentials,
                  [this, alive = alive_, admitted = std::move(admitted)] {
                    if (*alive) Admit(admitted);
                  });
}

void StreamPass::Admit(const Admitted& admitted) {
  absl::StatusOr<Identity> caller =
      policy_.AdmitOrRecord(call_.credentials, call_.method, call_.request);
  if (caller.ok()) {
    caller_ = *caller;
    streams_.Add(*this);
  }
  admitted(caller);
}

}  // namespace fleet::controller
