#include "proto/rpc/app_limits_proto.h"

namespace fleet {

v1::Limits ToProto(const Limits& limits) {
  v1::Limits to;
  to.set_memory_max_bytes(limits.memory_max_bytes);
  to.set_memory_high_bytes(limits.memory_high_bytes);
  to.set_cpu_cores(limits.cpu_cores);
  to.set_pids(limits.pids);
  to.set_nofile(limits.nofile);
  if (limits.core_bytes.has_value()) to.set_core_bytes(*limits.core_bytes);
  if (limits.nice.has_value()) to.set_nice(*limits.nice);
  if (limits.umask.has_value()) to.set_umask(*limits.umask);
  if (limits.oom_score_adj.has_value()) {
    to.set_oom_score_adj(*limits.oom_score_adj);
  }
  return to;
}

Limits FromProto(const v1::Limits& limits) {
  Limits to;
  to.memory_max_bytes = limits.memory_max_bytes();
  to.memory_high_bytes = limits.memory_high_bytes();
  to.cpu_cores = limits.cpu_cores();
  to.pids = limits.pids();
  to.nofile = limits.nofile();
  if (limits.has_core_bytes()) to.core_bytes = limits.core_bytes();
  if (limits.has_nice()) to.nice = limits.nice();
  if (limits.has_umask()) to.umask = limits.umask();
  if (limits.has_oom_score_adj()) to.oom_score_adj = limits.oom_score_adj();
  return to;
}

v1::Hardening ToProto(const Hardening& hardening) {
  v1::Hardening to;
  to.set_no_new_privileges(hardening.no_new_privileges);
  if (hardening.capabilities.has_value()) {
    to.mutable_capabilities()->mutable_names()->Add(
        hardening.capabilities->begin(), hardening.capabilities->end());
  }
  to.mutable_read_only_paths()->Add(hardening.read_only_paths.begin(),
                                    hardening.read_only_paths.end());
  to.set_private_tmp(hardening.private_tmp);
  return to;
}

Hardening FromProto(const v1::Hardening& hardening) {
  Hardening to;
  to.no_new_privileges = hardening.no_new_privileges();
  if (hardening.has_capabilities()) {
    const auto& names = hardening.capabilities().names();
    to.capabilities.emplace(names.begin(), names.end());
  }
  to.read_only_paths.assign(hardening.read_only_paths().begin(),
                            hardening.read_only_paths().end());
  to.private_tmp = hardening.private_tmp();
  return to;
}

}  // namespace fleet
