# The rollouts' part of fleet_controller (the engine itself is fleet_rollout).
set(FLEET_ROLLOUT_SERVICE_SOURCES)
