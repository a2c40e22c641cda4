#include "cli/commands/app_names.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "cli/spec_file/nearest_name.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

bool IsPattern(const std::string& name) {
  return name == "all" || name.find_first_of("*?[") != std::string::npos;
}

void AddOnce(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    names.push_back(name);
  }
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ResolveAppNames(
    FleetClient& client, const std::vector<std::string>& names) {
  std::vector<std::string> resolved;
  for (const std::string& name : names) {
    if (!IsPattern(name)) {
      AddOnce(resolved, name);
      continue;
    }
    v1::ListAppsRequest request;
    request.add_names(name);
    request.set_omit_specs(true);
    ASSIGN_OR_RETURN(const auto apps, ListAllApps(client, request));
    if (apps.apps_size() == 0) {
      return absl::NotFoundError(
          name == "all" ? "there are no apps"
                        : absl::StrCat("no app matches \"", name, "\""));
    }
    for (const v1::App& app : apps.apps()) AddOnce(resolved, app.name());
  }
  return resolved;
}

absl::StatusOr<v1::ListAppsResponse> ListAllApps(FleetClient& client,
                                                 v1::ListAppsRequest request) {
  v1::ListAppsResponse all;
  for (;;) {
    ASSIGN_OR_RETURN(const auto page, client.Call(request));
    all.mutable_apps()->MergeFrom(page.apps());
    if (page.next_page_token().empty()) return all;
    request.set_page_token(page.next_page_token());
  }
}

absl::Status SuggestApp(FleetClient& client, const std::string& name,
                        const absl::Status& error) {
  if (ReasonOf(error).reason != "APP_NOT_FOUND") return error;
  v1::ListAppsRequest request;
  request.set_omit_specs(true);
  const auto apps = ListAllApps(client, request);
  if (!apps.ok()) return error;
  std::vector<std::string> known;
  for (const v1::App& app : apps->apps()) known.push_back(app.name());
  const std::string near = NearestName(name, known);
  if (near.empty()) return error;
  return ErrorWithReason(error.code(),
                         absl::StrCat("there is no app \"", name,
                                      "\"; did you mean \"", near, "\"?"),
                         ReasonOf(error));
}

}  // namespace fleet::cli
