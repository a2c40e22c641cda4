# The rollouts' part of fleet_controller (the engine itself is fleet_rollout).
set(FLEET_ROLLOUT_SERVICE_SOURCES
  rollout_commits.cc
  rollout_driver.cc
  rollout_enum_proto.cc
  rollout_log.cc
  rollout_maker.cc
  rollout_proto.cc
  rollout_reader.cc
  rollout_rows.cc
  rollout_service.cc
  rollout_watch.cc
  rollout_watchers.cc)
