// From a value of a field's type to what stands in a file.
#ifndef FLEET_CLI_SPEC_FILE_WRITTEN_VALUE_H_
#define FLEET_CLI_SPEC_FILE_WRITTEN_VALUE_H_

#include <string>

#include "cli/spec_file/field.h"
#include "cli/spec_file/value.h"

namespace fleet::cli {

// As a native file has it: ReadFieldValue reads the same value back.
Value WrittenValue(const Field& field, const FieldValue& value);

// The parts of a rollout's policy that ReadHook and ReadGates read.
Value WrittenHook(const Hook& hook);
Value WrittenGates(const std::vector<MetricGate>& gates);

// Of a duration that is never empty: "0s", "1m30s".
std::string DurationWord(absl::Duration duration);

// "300M", "10G"; a number of bytes where no unit fits exactly.
std::string SizeText(int64_t bytes);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_WRITTEN_VALUE_H_
