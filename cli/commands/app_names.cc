#include "cli/commands/app_names.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/spec_file/file_kind.h"
#include "cli/spec_file/spec_file.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

// Of the file's apps, those that --only names.
std::optional<absl::StatusOr<std::vector<std::string>>> AppsOfFile(
    const CommandContext& context, const std::string& path) {
  if (FileKindOf(path) == FileKind::kProgram || !PathExists(path)) {
    return std::nullopt;
  }
  SpecFileOptions options;
  options.only = context.line.only;
  options.env_name = context.line.env_name;
  const auto file = LoadSpecFile(path, options);
  if (!file.ok()) return file.status();
  std::vector<std::string> names;
  for (const AppSpec& spec : file->apps) names.push_back(spec.name);
  return names;
}

void KeepSlots(const std::vector<ChosenApp>& chosen, v1::App& app) {
  std::set<int> slots;
  for (const ChosenApp& choice : chosen) {
    if (choice.name != app.name()) continue;
    if (!choice.slot) return;
    slots.insert(*choice.slot);
  }
  for (v1::HostApp& host : *app.mutable_hosts()) {
    v1::AppStatus& status = *host.mutable_status();
    status.set_desired_instances(static_cast<int>(std::distance(
        slots.begin(), slots.lower_bound(status.desired_instances()))));
    auto* instances = status.mutable_instances();
    instances->erase(std::remove_if(instances->begin(), instances->end(),
                                    [&](const v1::Instance& instance) {
                                      return !slots.contains(instance.slot());
                                    }),
                     instances->end());
  }
}

}  // namespace

absl::StatusOr<std::vector<ChosenApp>> ResolveInstances(
    const CommandContext& context, const std::vector<std::string>& words) {
  v1::ListAppsRequest request;
  request.set_omit_specs(true);
  request.set_omit_hosts(true);
  ASSIGN_OR_RETURN(const auto apps, ListAllApps(context.client, request));
  std::vector<KnownApp> known;
  for (const v1::App& app : apps.apps()) {
    known.push_back({app.name(), app.id(), app.namespace_()});
  }
  return ChooseApps(known, words, [&](const std::string& path) {
    return AppsOfFile(context, path);
  });
}

std::vector<ChosenApp> WholeApps(const std::vector<ChosenApp>& chosen) {
  std::vector<ChosenApp> apps;
  for (const ChosenApp& app : chosen) {
    if (!app.slot) apps.push_back(app);
  }
  return apps;
}

std::vector<ChosenApp> SingleInstances(const std::vector<ChosenApp>& chosen) {
  std::vector<ChosenApp> instances;
  for (const ChosenApp& app : chosen) {
    if (app.slot) instances.push_back(app);
  }
  return instances;
}

std::vector<ChosenApp> AsChosen(const std::vector<std::string>& names) {
  std::vector<ChosenApp> apps;
  apps.reserve(names.size());
  for (const std::string& name : names) apps.push_back({name, std::nullopt});
  return apps;
}

absl::StatusOr<std::vector<std::string>> ResolveAppNames(
    const CommandContext& context, const std::vector<std::string>& words) {
  ASSIGN_OR_RETURN(const auto chosen, ResolveInstances(context, words));
  std::vector<std::string> names;
  for (const ChosenApp& app : chosen) {
    if (app.slot) {
      return absl::InvalidArgumentError(
          absl::StrCat(context.line.command, " is for whole apps, and ",
                       app.Text(), " is one instance of ", app.name,
                       "; leave out \".", *app.slot, "\""));
    }
    names.push_back(app.name);
  }
  return names;
}

absl::StatusOr<std::string> ResolveAppName(const CommandContext& context,
                                           const std::string& word) {
  ASSIGN_OR_RETURN(const auto names, ResolveAppNames(context, {word}));
  if (names.size() == 1) return names[0];
  return absl::InvalidArgumentError(absl::StrCat(
      context.line.command, " takes one app; \"", word, "\" means ",
      names.size(), ": ", absl::StrJoin(names, ", ")));
}

absl::StatusOr<v1::ListAppsResponse> ListChosenApps(
    const CommandContext& context) {
  v1::ListAppsRequest request;
  request.set_hosts(context.line.hosts);
  if (context.line.names.empty()) return ListAllApps(context.client, request);
  ASSIGN_OR_RETURN(const auto chosen,
                   ResolveInstances(context, context.line.names));
  for (const ChosenApp& choice : chosen) request.add_names(choice.name);
  ASSIGN_OR_RETURN(auto apps, ListAllApps(context.client, request));
  for (v1::App& app : *apps.mutable_apps()) KeepSlots(chosen, app);
  return apps;
}

void KeepSlot(const ChosenApp& choice, v1::App& app) {
  KeepSlots({choice}, app);
}

absl::StatusOr<v1::ListAppsResponse> ListAllApps(FleetClient& client,
                                                 v1::ListAppsRequest request) {
  v1::ListAppsResponse all;
  for (;;) {
    ASSIGN_OR_RETURN(auto page, client.Call(request));
    if (page.next_page_token().empty() && all.apps().empty()) return page;
    all.mutable_apps()->MergeFrom(page.apps());
    if (page.next_page_token().empty()) return all;
    request.set_page_token(page.next_page_token());
  }
}

}  // namespace fleet::cli
