#include "cli/render/limit_text.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fleet::cli {
namespace {

// One way in which a limit is kept, and where.
struct Keeping {
  std::string how;
  std::vector<std::string> hosts;
};

struct KeptLimit {
  std::string name;
  bool kept = true;
  std::vector<Keeping> ways;
};

template <typename T, typename Same>
T& FindOrAdd(std::vector<T>& all, const Same& same) {
  auto found = std::find_if(all.begin(), all.end(), same);
  return found == all.end() ? all.emplace_back() : *found;
}

std::string HowKept(const v1::LimitStatus& limit) {
  if (limit.enforced_by().empty()) {
    return absl::StrCat("not kept", limit.note().empty() ? "" : ", ",
                        limit.note());
  }
  return absl::StrCat(limit.enforced_by(), limit.note().empty() ? "" : ", ",
                      limit.note());
}

void AddLimit(const std::string& host, const v1::LimitStatus& limit,
              std::vector<KeptLimit>& limits) {
  KeptLimit& one = FindOrAdd(limits, [&](const KeptLimit& other) {
    return other.name == limit.limit();
  });
  one.name = limit.limit();
  one.kept = one.kept && !limit.enforced_by().empty();
  const std::string how = HowKept(limit);
  Keeping& way = FindOrAdd(
      one.ways, [&](const Keeping& other) { return other.how == how; });
  way.how = how;
  way.hosts.push_back(host);
}

}  // namespace

std::vector<LimitLine> LimitLines(const v1::App& app) {
  std::vector<KeptLimit> limits;
  for (const v1::HostApp& host : app.hosts()) {
    for (const v1::LimitStatus& limit : host.status().limits()) {
      AddLimit(host.host(), limit, limits);
    }
  }
  std::vector<LimitLine> lines;
  for (const KeptLimit& limit : limits) {
    const bool differ = limit.ways.size() > 1;
    const std::string ways = absl::StrJoin(
        limit.ways, "; ", [&](std::string* out, const Keeping& way) {
          if (differ) {
            absl::StrAppend(out, "on ", absl::StrJoin(way.hosts, ", "), " ");
          }
          out->append(way.how);
        });
    lines.push_back({absl::StrCat(limit.name, ": ", ways), limit.kept});
  }
  return lines;
}

}  // namespace fleet::cli
