// Messages of a session in a few words, for the trace.
#ifndef FLEET_TESTS_SIM_MESSAGE_TEXT_H_
#define FLEET_TESTS_SIM_MESSAGE_TEXT_H_

#include <string>

#include "fleet/v1/agent_service.pb.h"

namespace fleet::sim {

// Deferred: made only when a trace wants it.
std::string TextOf(const v1::SessionRequest& message);
std::string TextOf(const v1::SessionResponse& message);
std::string TextOf(const v1::AppStatus& status);

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_MESSAGE_TEXT_H_
