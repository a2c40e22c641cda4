#include "proto/rpc/logging.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

struct Level {
  std::string_view name;
  spdlog::level::level_enum level;
};

constexpr std::array<Level, 6> kLevels = {{{"trace", spdlog::level::trace},
                                           {"debug", spdlog::level::debug},
                                           {"info", spdlog::level::info},
                                           {"warn", spdlog::level::warn},
                                           {"error", spdlog::level::err},
                                           {"off", spdlog::level::off}}};

// The message with its control characters escaped, so that it is one line and
// steers no terminal; "%*" in the pattern.
class OneLineMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    for (char c : message.payload) {
      const auto code = static_cast<unsigned char>(c);
      if (c == '\n') {
        Append("\\n", out);
      } else if (code < 0x20 || code == 0x7f) {
        Append(absl::StrFormat("\\x%02x", code), out);
      } else {
        out.push_back(c);
      }
    }
  }

  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<OneLineMessage>();
  }

 private:
  static void Append(std::string_view text, spdlog::memory_buf_t& out) {
    out.append(text.data(), text.data() + text.size());
  }
};

}  // namespace

absl::Status SetUpLogging(std::string_view program, std::string_view level) {
  const auto* known =
      std::find_if(kLevels.begin(), kLevels.end(),
                   [level](const Level& l) { return l.name == level; });
  if (known == kLevels.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("log level \"", ToAbsl(level),
                     "\": it must be trace, debug, info, warn, error or off"));
  }
  // What gRPC would print, our own messages say.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  auto formatter = std::make_unique<spdlog::pattern_formatter>(
      spdlog::pattern_time_type::utc);
  formatter->add_flag<OneLineMessage>('*');
  formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-5l %n: %*");
  auto logger = std::make_shared<spdlog::logger>(
      std::string(program), std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::move(formatter));
  logger->set_level(known->level);
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  return absl::OkStatus();
}

}  // namespace fleet
