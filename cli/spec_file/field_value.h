// From what stands in a file to a value of a field's type.
#ifndef FLEET_CLI_SPEC_FILE_FIELD_VALUE_H_
#define FLEET_CLI_SPEC_FILE_FIELD_VALUE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/spec_file/field.h"
#include "cli/spec_file/value.h"

namespace fleet::cli {

// INVALID_ARGUMENT "expected WHAT, found WHAT". Does not name the field or the
// line; the caller does.
absl::StatusOr<FieldValue> ReadFieldValue(const Field& field,
                                          const Value& value, Dialect dialect);

// Splits as a shell does: blanks separate, '…' and "…" hold together, a
// backslash takes the next character as it is. INVALID_ARGUMENT for a quote
// that is not closed.
absl::StatusOr<std::vector<std::string>> SplitWords(std::string_view text);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_FIELD_VALUE_H_
