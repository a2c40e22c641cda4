#include "cli/monit/monit_order.h"

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

absl::StatusOr<std::string> Roll(FleetClient& client, const MonitOrder& order,
                                 v1::RolloutKind kind) {
  v1::CreateRolloutRequest request;
  request.set_app(order.app);
  request.set_hosts(order.hosts);
  request.set_kind(kind);
  ASSIGN_OR_RETURN(const auto response, client.Call(request));
  return absl::StrCat(OrderText(order), ": rollout ", response.rollout().uid(),
                      " is under way");
}

absl::StatusOr<std::string> Scale(FleetClient& client, const MonitOrder& order,
                                  int by) {
  v1::ScaleAppRequest request;
  request.set_name(order.app);
  request.set_hosts(order.hosts);
  request.set_instances(by);
  request.set_relative(true);
  RETURN_IF_ERROR(client.Call(request).status());
  return absl::StrCat(OrderText(order), ": ordered");
}

template <typename Request>
absl::StatusOr<std::string> Order(FleetClient& client, const MonitOrder& order,
                                  Request request) {
  request.set_name(order.app);
  request.set_hosts(order.hosts);
  RETURN_IF_ERROR(client.Call(request).status());
  return absl::StrCat(OrderText(order), ": ordered");
}

}  // namespace

absl::StatusOr<std::string> GiveOrder(FleetClient& client,
                                      const MonitOrder& order) {
  switch (order.kind) {
    case MonitOrder::Kind::kReload:
      return Roll(client, order, v1::ROLLOUT_KIND_RELOAD);
    case MonitOrder::Kind::kRestart:
      return Roll(client, order, v1::ROLLOUT_KIND_RESTART);
    case MonitOrder::Kind::kStop:
      return Order(client, order, v1::StopAppRequest());
    case MonitOrder::Kind::kStart:
      return Order(client, order, v1::StartAppRequest());
    case MonitOrder::Kind::kScaleUp:
      return Scale(client, order, 1);
    case MonitOrder::Kind::kScaleDown:
      return Scale(client, order, -1);
  }
  return absl::InternalError("no such order");
}

}  // namespace fleet::cli
