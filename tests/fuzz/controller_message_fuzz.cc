// What a controller, also a stolen one, sends to an agent: one message of a
// session; and what the agent's journal may be after a bad disk.
#include <google/protobuf/stubs/logging.h>

#include <string>

#include "fleet/v1/agent_service.pb.h"
#include "node_agent/desired_state_acceptor.h"
#include "node_agent/journal_record.h"
#include "node_agent/target_proto.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/status.h"
#include "tests/fuzz/input.h"

namespace fleet::agent {
namespace {

constexpr int kCores = 4;

void TakeMessage(std::string_view bytes) {
  v1::SessionResponse message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return;
  }
  const Acceptance accepted =
      JudgeDesiredState(JournalContents(), message.desired_state());
  for (const v1::AppTarget& target : accepted.targets) {
    const AppTarget taken = FromProto(target, kCores, nullptr);
    FLEET_CHECK(taken.instances >= 0);
    // A hook before the first generation has none.
    if (taken.spec == nullptr) continue;
    // What is carried out is valid, or is not carried out.
    if (taken.spec_error.empty())
      FLEET_CHECK(ValidateAppSpec(*taken.spec).ok());
  }
}

void ReadJournal(std::string_view bytes) {
  const JournalScan scan = ScanJournal(bytes);
  FLEET_CHECK(scan.good_size <= bytes.size());
  // What was whole stays so.
  const std::string again = EncodeRecords(scan.records);
  FLEET_CHECK(ScanJournal(again).records == scan.records);
}

}  // namespace
}  // namespace fleet::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  google::protobuf::SetLogHandler(nullptr);
  fleet::fuzz::Input input(data, size);
  if (input.Byte() % 4 == 0) {
    fleet::agent::ReadJournal(input.Rest());
  } else {
    fleet::agent::TakeMessage(input.Rest());
  }
  return 0;
}
