// What the field table knows, for people: fleetctl explain, and the pages of
// docs/reference that are made from it.
#ifndef FLEET_CLI_SPEC_FILE_FIELD_TEXT_H_
#define FLEET_CLI_SPEC_FILE_FIELD_TEXT_H_

#include <string>
#include <string_view>

#include "cli/spec_file/field.h"

namespace fleet::cli {

// "16", "1s", "the folder of the file", "none".
std::string DefaultText(const Field& field);

// "0 to 1000000"; empty: the type says it all.
std::string RangeText(const Field& field);

// How it stands in a file: "readiness: {http: {port: 8080}}".
std::string ExampleText(const Field& field);

// All about one field, for a terminal.
std::string FieldDetails(const Field& field);

// A line per field whose name begins with `prefix`, by group.
std::string FieldList(std::string_view prefix);

// docs/reference/fields.md.
std::string FieldsPage();

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_FIELD_TEXT_H_
