// `fleetctl show APP`.
#ifndef FLEET_CLI_RENDER_APP_DETAILS_H_
#define FLEET_CLI_RENDER_APP_DETAILS_H_

#include <string>

#include "cli/render/app_table.h"
#include "fleet/v1/app_service.pb.h"

namespace fleet::cli {

// Spec, revisions, what each host says, how workers ended, the rollout under
// way; and of each worker what its host sees now (`facts`; of hosts that did
// not answer, why). Values of env are not shown, they may be secrets.
std::string AppDetails(
    const v1::App& app,
    const google::protobuf::RepeatedPtrField<v1::HostAnswer>& facts,
    const TableView& view);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_APP_DETAILS_H_
