#include "cli/spec_file/sample_file.h"

namespace fleet::cli {
namespace {

constexpr char kNative[] = R"yaml(# Apps for `fleetctl apply fleet.yaml`.
# All fields: `fleetctl explain`; one of them: `fleetctl explain readiness`.
apps:
  - name: web
    # Relative to cwd, which is this folder unless it is set. The interpreter
    # is chosen by the extension; `interpreter: none` runs the file itself.
    script: app.js
    # cwd: /srv/web/current

    # Workers on each host; max is one per core.
    instances: 2
    # Node: workers share one port, and `fleetctl reload web` loses no request.
    # Other programs share the sockets of `listen: ["tcp://0.0.0.0:3000"]`.
    exec_mode: cluster
    # Which hosts: all, names, globs or labels (role=web,zone in (a,b)).
    hosts: all

    env:
      NODE_ENV: development
      # TOKEN: {secret: web-token}   # kept apart from this file
    # Over env with `fleetctl apply fleet.yaml --env production`.
    env_production:
      NODE_ENV: production

    # When a worker counts as ready. Without it: when it listens.
    # readiness:
    #   http: {port: 3000, path: /health}
    # listen_timeout: 30s

    # Between the stop signal and SIGKILL.
    kill_timeout: 30s
    max_memory_restart: 500M

    # How a new version goes over the hosts.
    # rollout:
    #   max_parallel: 25%
    #   on_failure: pause
)yaml";

constexpr char kPm2Yaml[] =
    R"yaml(# In PM2's form: `fleetctl apply` and `pm2 start` read it alike.
apps:
  - name: web
    script: ./app.js
    # A number, max for one per core, or -1 for one less.
    instances: 2
    exec_mode: cluster
    env:
      NODE_ENV: development
    env_production:
      NODE_ENV: production
    # Milliseconds.
    kill_timeout: 5000
    max_memory_restart: 500M
)yaml";

constexpr char kPm2Module[] =
    R"js(// In PM2's form: `fleetctl apply` and `pm2 start` read it alike.
module.exports = {
  apps: [{
    name: 'web',
    script: './app.js',
    // A number, 'max' for one per core, or -1 for one less.
    instances: 2,
    exec_mode: 'cluster',
    env: { NODE_ENV: 'development' },
    // Over env with `--env production`.
    env_production: { NODE_ENV: 'production' },
    // Milliseconds between the stop signal and SIGKILL.
    kill_timeout: 5000,
    max_memory_restart: '500M',
  }],
};
)js";

}  // namespace

std::string SampleFile(FileKind kind) {
  switch (kind) {
    case FileKind::kPm2Module:
      return kPm2Module;
    case FileKind::kPm2Document:
      return kPm2Yaml;
    case FileKind::kNative:
    case FileKind::kProcfile:
    case FileKind::kProgram:
      return kNative;
  }
  return kNative;
}

}  // namespace fleet::cli
