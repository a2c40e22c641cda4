// What happened, line by line.
#ifndef FLEET_TESTS_SIM_TRACE_H_
#define FLEET_TESTS_SIM_TRACE_H_

#include <functional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fleet::sim {

// Costs nothing while nobody listens.
class Trace {
 public:
  using Sink = std::function<void(const std::string& line)>;

  explicit Trace(const absl::Time& now) : now_(now) {}

  void SetSink(Sink sink) { sink_ = std::move(sink); }
  bool on() const { return sink_ != nullptr; }

  // "  12.345678 host-1       worker 3 is ready"
  template <class... Args>
  void Note(absl::string_view who, const Args&... what) {
    if (on()) Write(who, absl::StrCat(what...));
  }

 private:
  void Write(absl::string_view who, const std::string& what);

  const absl::Time& now_;
  Sink sink_;
};

// Whether everything was as it must be.
class Verdict {
 public:
  explicit Verdict(Trace& trace) : trace_(trace) {}

  // Only the first violation counts: what comes after it may be its doing.
  template <class... Args>
  void Fail(const char* rule, const Args&... what) {
    if (!violation_.empty()) return;
    violation_ = absl::StrCat(rule, ": ", what...);
    trace_.Note("VIOLATION", violation_);
  }
  bool failed() const { return !violation_.empty(); }
  const std::string& violation() const { return violation_; }

 private:
  Trace& trace_;
  std::string violation_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_TRACE_H_
