#include "controller/page.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace fleet::controller {
namespace {

constexpr int kMaxPage = 10'000;

}  // namespace

absl::StatusOr<PageRequest> MakePage(int page_size,
                                     const std::string& page_token) {
  if (page_size < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size: ", page_size, " is negative"));
  }
  return PageRequest{page_size == 0 ? kMaxPage : std::min(page_size, kMaxPage),
                     page_token};
}

}  // namespace fleet::controller
