// Apps in the shape of `pm2 jlist`, for scripts that read it.
#ifndef FLEET_CLI_RENDER_PM2_LIST_H_
#define FLEET_CLI_RENDER_PM2_LIST_H_

#include <string>

#include "fleet/v1/app_service.pb.h"

namespace fleet::cli {

// An object per worker, by app, host and slot:
//   name, pid, pm_id, monit {memory, cpu}, pm2_env {status, restart_time,
//   unstable_restarts, pm_uptime, created_at, exec_mode, instances, env, …}
// as PM2 has them, and `fleet` with what PM2 has not: host, instance,
// connected, state, generation, revision, worker_id.
//
// `pm_id` is the app's id, the same for all its workers: what a script does
// with it is done to the app. `status` is PM2's word (online, launching,
// stopping, stopped, errored, waiting restart), or "stale" when the host is
// not connected, so that nobody takes an old report for a worker that serves.
// Values of env that are secrets are not there.
//
// `indent`: blanks per level; negative: all on one line.
std::string Pm2List(const v1::ListAppsResponse& apps, int indent);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_PM2_LIST_H_
