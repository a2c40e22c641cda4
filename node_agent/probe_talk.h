// What is said over the connection of a probe.
#ifndef FLEET_NODE_AGENT_PROBE_TALK_H_
#define FLEET_NODE_AGENT_PROBE_TALK_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "node_agent/probe_request.h"

namespace fleet::agent {

// One side of one conversation. Pure: the probe sends and receives.
class ProbeTalk {
 public:
  struct Verdict {
    bool success = false;
    std::string answer;  // For people: "503 \"no database\"".
  };

  virtual ~ProbeTalk() = default;

  // What is sent first; short enough for a new connection's buffer.
  virtual std::string Opening() const = 0;
  // Takes what has been received (empty: the other side has closed). Nothing:
  // it is not decided yet; `reply` is then sent.
  virtual std::optional<Verdict> OnBytes(std::string_view bytes,
                                         std::string* reply) = 0;
  // "GET /health", "grpc health".
  virtual std::string Name() const = 0;
};

// `authority` is HOST:PORT. nullptr: nothing is said, connecting is enough.
std::unique_ptr<ProbeTalk> MakeProbeTalk(const ProbeRequest& request,
                                         const std::string& authority);

// HTTP/1.1 GET; the status line decides, of which at most 8 KiB are read. What
// has come of the body by then is told of a bad answer.
class HttpTalk : public ProbeTalk {
 public:
  HttpTalk(HttpProbe http, std::string authority);

  std::string Opening() const override;
  std::optional<Verdict> OnBytes(std::string_view bytes,
                                 std::string* reply) override;
  std::string Name() const override;

 private:
  const HttpProbe http_;
  const std::string authority_;
  std::string received_;
};

// The code of an HTTP/1.x status line; 0: it is none. Pure.
int ParseHttpStatus(std::string_view line);

// The first line of the body, as far as it is there: at most 120 bytes, fit for
// a terminal. Empty: there is none. Pure.
std::string HttpBodyStart(std::string_view answer);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PROBE_TALK_H_
