#include "controller/host_service.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "controller/page.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

using Effect = CallGate::Effect;

}  // namespace

grpc::ServerUnaryReactor* HostService::ListHosts(
    grpc::CallbackServerContext* context, const v1::ListHostsRequest* request,
    v1::ListHostsResponse* response) {
  return gate_.Unary(context, "/fleet.v1.HostService/ListHosts", Effect::kRead,
                     *request, [=, this](const Identity& caller) {
                       return List(*request, gate_.ViewOf(caller), *response);
                     });
}

absl::Status HostService::List(const v1::ListHostsRequest& request,
                               const CallerView& view,
                               v1::ListHostsResponse& response) {
  ASSIGN_OR_RETURN(PageRequest page,
                   MakePage(request.page_size(), request.page_token()));
  ASSIGN_OR_RETURN(HostSelector selector,
                   ParseHostSelector(request.selector()));
  const auto& hosts = core_.hosts.hosts();
  size_t bytes = 0;
  for (auto it = hosts.upper_bound(page.after); it != hosts.end(); ++it) {
    if (!selector.Matches(it->first, it->second.record.labels) ||
        !view.SeesHost(it->first)) {
      continue;
    }
    if (response.hosts_size() == page.size || bytes > kMaxPageBytes) {
      response.set_next_page_token(response.hosts().rbegin()->name());
      break;
    }
    *response.add_hosts() = core_.view.Host(it->second, view);
    bytes += response.hosts().rbegin()->ByteSizeLong();
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* HostService::GetHost(
    grpc::CallbackServerContext* context, const v1::GetHostRequest* request,
    v1::GetHostResponse* response) {
  return gate_.Unary(context, "/fleet.v1.HostService/GetHost", Effect::kRead,
                     *request, [=, this](const Identity& caller) {
                       return Get(request->name(), gate_.ViewOf(caller),
                                  *response->mutable_host());
                     });
}

absl::Status HostService::Get(const std::string& name, const CallerView& view,
                              v1::Host& host) {
  const KnownHost* known = core_.hosts.Find(name);
  if (known == nullptr || !view.SeesHost(name)) {
    return ErrorWithReason(
        absl::StatusCode::kNotFound,
        absl::StrCat("no host ", name, "; known: ", core_.hosts.Describe()),
        {"HOST_NOT_FOUND", {{"host", name}}});
  }
  host = core_.view.Host(*known, view);
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* HostService::DeleteHost(
    grpc::CallbackServerContext* context, const v1::DeleteHostRequest* request,
    v1::DeleteHostResponse*) {
  return gate_.Unary(
      context, "/fleet.v1.HostService/DeleteHost", Effect::kChange, *request,
      [=, this](const Identity&) { return core_.RemoveHost(request->name()); });
}

grpc::ServerUnaryReactor* HostService::CordonHost(
    grpc::CallbackServerContext* context, const v1::CordonHostRequest* request,
    v1::CordonHostResponse* response) {
  return gate_.Unary(
      context, "/fleet.v1.HostService/CordonHost", Effect::kChange, *request,
      [=, this](const Identity& caller) {
        return SetCordon(request->name(), /*drained=*/false, request->reason(),
                         caller.name, *response->mutable_host());
      });
}

grpc::ServerUnaryReactor* HostService::DrainHost(
    grpc::CallbackServerContext* context, const v1::DrainHostRequest* request,
    v1::DrainHostResponse* response) {
  return gate_.Unary(
      context, "/fleet.v1.HostService/DrainHost", Effect::kChange, *request,
      [=, this](const Identity& caller) {
        return SetCordon(request->name(), /*drained=*/true, request->reason(),
                         caller.name, *response->mutable_host());
      });
}

absl::Status HostService::SetCordon(const std::string& name, bool drained,
                                    const std::string& reason,
                                    const std::string& actor, v1::Host& host) {
  RETURN_IF_ERROR(core_.CordonHost(
      name, {drained, reason, actor, gate_.loop().clock().WallNow()}));
  return Get(name, {}, host);
}

grpc::ServerUnaryReactor* HostService::UncordonHost(
    grpc::CallbackServerContext* context,
    const v1::UncordonHostRequest* request,
    v1::UncordonHostResponse* response) {
  return gate_.Unary(context, "/fleet.v1.HostService/UncordonHost",
                     Effect::kChange, *request, [=, this](const Identity&) {
                       RETURN_IF_ERROR(core_.UncordonHost(request->name()));
                       return Get(request->name(), {},
                                  *response->mutable_host());
                     });
}

grpc::ServerUnaryReactor* HostService::SetHostLabels(
    grpc::CallbackServerContext* context,
    const v1::SetHostLabelsRequest* request,
    v1::SetHostLabelsResponse* response) {
  return gate_.Unary(context, "/fleet.v1.HostService/SetHostLabels",
                     Effect::kChange, *request, [=, this](const Identity&) {
                       return SetLabels(*request, *response->mutable_host());
                     });
}

absl::Status HostService::SetLabels(const v1::SetHostLabelsRequest& request,
                                    v1::Host& host) {
  RETURN_IF_ERROR(core_.SetHostLabels(
      request.name(), {request.labels().begin(), request.labels().end()},
      {request.remove().begin(), request.remove().end()}));
  return Get(request.name(), {}, host);
}

grpc::ServerUnaryReactor* HostService::CheckHosts(
    grpc::CallbackServerContext* context, const v1::CheckHostsRequest* request,
    v1::CheckHostsResponse* response) {
  return gate_.UnaryLater(
      context, "/fleet.v1.HostService/CheckHosts", Effect::kRead, *request,
      [=, this](const Identity& caller, CallGate::Finish finish) {
        return Check(request->selector(), gate_.ViewOf(caller), *response,
                     std::move(finish));
      });
}

absl::Status HostService::Check(const std::string& selector,
                                const CallerView& view,
                                v1::CheckHostsResponse& response,
                                CallGate::Finish finish) {
  ASSIGN_OR_RETURN(HostSelector picked, ParseHostSelector(selector));
  std::vector<std::string> hosts = core_.hosts.Select({picked});
  std::erase_if(hosts, [this, &view](const std::string& host) {
    return !core_.hosts.IsConnected(host) || !view.SeesHost(host);
  });
  v1::Command command;
  command.mutable_check();
  return core_.host_commands.Run(
      hosts, std::move(command), HostCommands::kLimit,
      [&response, finish](const HostCommands::Results& results) {
        for (const auto& [host, result] : results) {
          v1::HostCheckup& checkup = *response.add_checkups();
          checkup.set_host(host);
          checkup.set_code(result.code());
          checkup.set_message(result.message());
          *checkup.mutable_checks() = result.checks();
        }
        finish(absl::OkStatus());
      });
}

grpc::ServerUnaryReactor* HostService::GetController(
    grpc::CallbackServerContext* context,
    const v1::GetControllerRequest* request,
    v1::GetControllerResponse* response) {
  return gate_.Unary(context, "/fleet.v1.HostService/GetController",
                     Effect::kRead, *request,
                     [=, this](const Identity& caller) {
                       Describe(gate_.ViewOf(caller), *response);
                       return absl::OkStatus();
                     });
}

void HostService::Describe(const CallerView& view,
                           v1::GetControllerResponse& response) const {
  response.set_version(FLEET_VERSION);
  response.set_epoch(core_.epoch);
  *response.mutable_start_time() = ToProtoTimestamp(start_time_);
  response.set_hosts_connected(core_.hosts.connected_count());
  response.set_hosts_total(static_cast<int>(core_.hosts.hosts().size()));
  if (!view.unlimited()) {
    int connected = 0;
    int total = 0;
    for (const auto& [name, host] : core_.hosts.hosts()) {
      if (!view.SeesHost(name)) continue;
      ++total;
      if (host.connected) ++connected;
    }
    response.set_hosts_connected(connected);
    response.set_hosts_total(total);
  }
  response.set_process_id(getpid());
  *response.mutable_time() = ToProtoTimestamp(gate_.loop().clock().WallNow());
}

}  // namespace fleet::controller
