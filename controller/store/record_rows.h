// Records ↔ the blobs in their rows, which are fleet.v1 messages.
#ifndef FLEET_CONTROLLER_STORE_RECORD_ROWS_H_
#define FLEET_CONTROLLER_STORE_RECORD_ROWS_H_

#include <map>
#include <string>

#include "absl/time/time.h"
#include "controller/host_record.h"
#include "controller/host_target.h"
#include "proto/rpc/app_spec.h"

namespace fleet::controller {

// Deterministic: equal specs give equal bytes. What cannot be read gives an
// empty record; only what this file wrote is ever read.
std::string SpecToBytes(const AppSpec& spec);
AppSpec SpecFromBytes(const std::string& bytes);

// All but the name and last_seen, which have columns of their own.
std::string HostToBytes(const HostRecord& host);
HostRecord HostFromBytes(const std::string& name, const std::string& bytes,
                         absl::Time last_seen);

std::string StepToBytes(const StepPolicy& step);
StepPolicy StepFromBytes(const std::string& bytes);

// No bytes for an order without an id, and the other way round.
std::string HookToBytes(const HookOrder& order);
HookOrder HookFromBytes(const std::string& host, const std::string& bytes);

// "slot stopped nonce", one a line.
std::string SlotOrdersToText(const std::map<int, SlotOrder>& orders);
std::map<int, SlotOrder> SlotOrdersFromText(const std::string& text);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_STORE_RECORD_ROWS_H_
