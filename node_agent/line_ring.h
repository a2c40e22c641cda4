// The last lines of a stream.
#ifndef FLEET_NODE_AGENT_LINE_RING_H_
#define FLEET_NODE_AGENT_LINE_RING_H_

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::agent {

// At most 100 lines and 64 KiB; older ones go first, and a longer line keeps
// its end. Not thread-safe.
class LineRing {
 public:
  static constexpr size_t kMaxLines = 100;
  static constexpr size_t kMaxBytes = 64 * 1024;

  // Bytes of the stream, as they come.
  void Add(std::string_view bytes);
  // The newest `count`, oldest first; the line that is not ended yet is one.
  std::vector<std::string> Last(size_t count) const;

 private:
  void AddLine(std::string_view line);

  std::deque<std::string> lines_;
  size_t bytes_ = 0;
  std::string begun_;
};

// No more than `count` of `lines`. Where there are more, frames of stack traces
// ("    at …") go before anything else, oldest first, then the oldest lines:
// what a long trace is about stands above its frames.
std::vector<std::string> WithoutFrames(std::vector<std::string> lines,
                                       size_t count);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LINE_RING_H_
