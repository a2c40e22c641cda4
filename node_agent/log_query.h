// What a reader of logs asks for, and what it gets.
#ifndef FLEET_NODE_AGENT_LOG_QUERY_H_
#define FLEET_NODE_AGENT_LOG_QUERY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/log_origin.h"

namespace fleet::agent {

struct LogQuery {
  std::vector<std::string> apps;  // Names, globs, "all", "web.2".
  bool out = true;
  bool err = true;
  // Last lines of each instance and stream that pass; -1: all.
  int lines = 15;
  absl::Time since = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();
  std::string grep;  // RE2; empty: every line.
  bool ignore_case = false;
  bool invert = false;
  bool follow = false;
};

struct LogRecord {
  absl::Time time;        // When it was written, as far as that is known.
  LogOrigin origin;       // Slot -1: of a file that the instances share.
  std::string text;       // Without newline, its first 64 KiB.
  int64_t cut_bytes = 0;  // What was left out after that.
  // Rises from line to line of a stream; 0: not known.
  int64_t position = 0;
};

// A part of the answer. `caught_up` and `done` are told once.
struct LogBatch {
  std::vector<LogRecord> lines;
  // Bytes that were left out: they were removed before they could be read, or
  // the reader was too far behind what is written.
  int64_t skipped_bytes = 0;
  // All that was asked for of the past has been given.
  bool caught_up = false;
  // Nothing more comes.
  bool done = false;
  // Lines that were written before have been given.
  absl::Time scanned_to = absl::InfinitePast();
  // What a person should know, one line each.
  std::vector<std::string> notes;

  bool HasNews() const {
    return !lines.empty() || skipped_bytes > 0 || caught_up || done ||
           !notes.empty();
  }
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_QUERY_H_
