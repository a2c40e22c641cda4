// A load of HTTP/1.1 GETs that counts every request that was not answered
// 200 in full: what a user of the app would have seen.
#ifndef FLEET_TESTS_E2E_HTTP_LOAD_H_
#define FLEET_TESTS_E2E_HTTP_LOAD_H_

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace fleet::e2e {

enum class LoadMode {
  kClose,      // One connection per request.
  kKeepAlive,  // A new connection only after the server said `close`.
};

struct LoadCounts {
  int64_t served = 0;
  int64_t failed = 0;
  std::map<std::string, int64_t> reasons;  // Of the failed ones.
  std::map<std::string, int64_t> bodies;   // Of the served ones, first 64.
};

// Client threads run from the constructor until Stop. Thread-safe.
class HttpLoad {
 public:
  struct Target {
    std::string address;
    int port = 0;
    std::string path = "/";
  };

  // Each client waits for `pause` after an answer.
  HttpLoad(std::vector<Target> targets, LoadMode mode, int clients,
           absl::Duration pause = absl::ZeroDuration());
  ~HttpLoad();

  // Blocks until `count` more requests have been served; false: not within
  // `limit`.
  bool AwaitServed(int64_t count, absl::Duration limit);
  LoadCounts Stop();

 private:
  void RunClient(const Target& target);
  void Record(bool ok, const std::string& what);
  void Rest();

  LoadMode mode_;
  const absl::Duration pause_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable served_;
  std::condition_variable stopping_;
  LoadCounts counts_;  // Guarded by mutex_.
  std::vector<std::thread> threads_;
};

// One GET; the status line's code and the body, or the failure.
struct HttpAnswer {
  int status = 0;
  std::string body;
  std::string failure;  // Empty: answered.
};
HttpAnswer HttpGet(const HttpLoad::Target& target);

}  // namespace fleet::e2e

#endif  // FLEET_TESTS_E2E_HTTP_LOAD_H_
