#include "cli/commands/host_names.h"

#include "absl/strings/str_cat.h"
#include "cli/spec_file/nearest_name.h"
#include "proto/rpc/status.h"

namespace fleet::cli {

absl::StatusOr<v1::ListHostsResponse> ListAllHosts(
    FleetClient& client, v1::ListHostsRequest request) {
  v1::ListHostsResponse all;
  for (;;) {
    ASSIGN_OR_RETURN(auto page, client.Call(request));
    all.mutable_hosts()->MergeFrom(page.hosts());
    if (page.next_page_token().empty()) return all;
    request.set_page_token(page.next_page_token());
  }
}

absl::StatusOr<std::vector<std::string>> ResolveHostNames(
    const CommandContext& context, const std::string& selector) {
  v1::ListHostsRequest request;
  request.set_selector(selector);
  ASSIGN_OR_RETURN(const auto hosts, ListAllHosts(context.client, request));
  std::vector<std::string> names;
  for (const v1::Host& host : hosts.hosts()) names.push_back(host.name());
  if (!names.empty()) return names;
  ASSIGN_OR_RETURN(const auto all, ListAllHosts(context.client, {}));
  for (const v1::Host& host : all.hosts()) names.push_back(host.name());
  const std::string near = NearestName(selector, names);
  return absl::NotFoundError(absl::StrCat(
      "no host matches \"", selector, "\"",
      near.empty() ? "; fleetctl hosts shows those there are"
                   : absl::StrCat("; did you mean \"", near, "\"?")));
}

}  // namespace fleet::cli
