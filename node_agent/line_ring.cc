#include "node_agent/line_ring.h"

#include <algorithm>

namespace fleet::agent {
namespace {

// From where on `bytes` holds all that a ring can keep: whole lines, if the
// last kMaxBytes begin with one.
std::string_view Newest(std::string_view bytes) {
  if (bytes.size() <= 2 * LineRing::kMaxBytes) return bytes;
  return bytes.substr(bytes.size() - 2 * LineRing::kMaxBytes);
}

bool IsFrame(std::string_view line) {
  const size_t text = line.find_first_not_of(" \t");
  return text != 0 && text != std::string_view::npos &&
         line.substr(text).starts_with("at ");
}

}  // namespace

void LineRing::Add(std::string_view bytes) {
  std::string_view rest = Newest(bytes);
  if (rest.size() < bytes.size()) begun_.clear();
  for (size_t end = rest.find('\n'); end != std::string_view::npos;
       end = rest.find('\n')) {
    begun_ += rest.substr(0, end);
    AddLine(begun_);
    begun_.clear();
    rest.remove_prefix(end + 1);
  }
  begun_ += rest;
  if (begun_.size() > kMaxBytes) begun_.erase(0, begun_.size() - kMaxBytes);
}

void LineRing::AddLine(std::string_view line) {
  if (line.size() > kMaxBytes) line.remove_prefix(line.size() - kMaxBytes);
  lines_.emplace_back(line);
  bytes_ += line.size();
  while (lines_.size() > kMaxLines || bytes_ > kMaxBytes) {
    bytes_ -= lines_.front().size();
    lines_.pop_front();
  }
}

std::vector<std::string> LineRing::Last(size_t count) const {
  std::vector<std::string> last(lines_.begin(), lines_.end());
  if (!begun_.empty()) last.push_back(begun_);
  if (last.size() > count) {
    last.erase(last.begin(), last.end() - static_cast<std::ptrdiff_t>(count));
  }
  return last;
}

std::vector<std::string> WithoutFrames(std::vector<std::string> lines,
                                       size_t count) {
  size_t many = lines.size() > count ? lines.size() - count : 0;
  std::erase_if(lines, [&many](const std::string& line) {
    if (many == 0 || !IsFrame(line)) return false;
    --many;
    return true;
  });
  lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(many));
  return lines;
}

}  // namespace fleet::agent
