// The JSON Schema of native files, for editors and other programs.
#ifndef FLEET_CLI_SPEC_FILE_JSON_SCHEMA_H_
#define FLEET_CLI_SPEC_FILE_JSON_SCHEMA_H_

#include <string>

namespace fleet::cli {

// Draft 7, made from the field table: docs/reference/fleet.schema.json. It
// takes what AppReader takes in Dialect::kNative, field by field; what only
// several fields together show to be wrong it does not see.
std::string JsonSchema();

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_JSON_SCHEMA_H_
