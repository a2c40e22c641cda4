#include "node_agent/log_filter.h"

#include <re2/re2.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace fleet::agent {
namespace {

constexpr size_t kMaxPattern = 1000;
constexpr int64_t kMaxMemory = 4 << 20;

}  // namespace

LogFilter::LogFilter(const LogQuery& query)
    : since_(query.since), until_(query.until), invert_(query.invert) {}

LogFilter::LogFilter(LogFilter&&) noexcept = default;
LogFilter::~LogFilter() = default;

absl::StatusOr<LogFilter> LogFilter::Make(const LogQuery& query) {
  LogFilter filter(query);
  if (query.grep.empty()) return filter;
  if (query.grep.size() > kMaxPattern) {
    return absl::InvalidArgumentError(absl::StrCat(
        "grep: the pattern has more than ", kMaxPattern, " bytes"));
  }
  re2::RE2::Options options;
  options.set_case_sensitive(!query.ignore_case);
  options.set_max_mem(kMaxMemory);
  options.set_log_errors(false);
  filter.pattern_ = std::make_unique<re2::RE2>(query.grep, options);
  if (filter.pattern_->ok()) return filter;
  return absl::InvalidArgumentError(absl::StrCat(
      "grep: \"", query.grep, "\" is no pattern: ", filter.pattern_->error(),
      "; patterns are RE2's (github.com/google/re2/wiki/Syntax)"));
}

bool LogFilter::Passes(absl::Time time, std::string_view text) const {
  if (time < since_ || time > until_) return false;
  if (pattern_ == nullptr) return true;
  re2::StringPiece piece(text.data(), text.size());
  return re2::RE2::PartialMatch(piece, *pattern_) != invert_;
}

}  // namespace fleet::agent
