// Lists in pages (https://google.aip.dev/158).
#ifndef FLEET_CONTROLLER_PAGE_H_
#define FLEET_CONTROLLER_PAGE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fleet::controller {

// A page of a list that is ordered by name. A page token is the last name of
// the page before. A value.
struct PageRequest {
  int size = 0;
  std::string after;  // Names up to and with this one are left out.
};

// `page_size` 0: 10,000, which is also the most. INVALID_ARGUMENT: negative.
absl::StatusOr<PageRequest> MakePage(int page_size,
                                     const std::string& page_token);

// A page also ends here, below the 4 MiB that a message may have.
inline constexpr size_t kMaxPageBytes = 3 << 20;

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_PAGE_H_
