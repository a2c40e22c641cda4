// YAML text of a tree, which ReadYaml reads back.
#ifndef FLEET_CLI_SPEC_FILE_YAML_WRITER_H_
#define FLEET_CLI_SPEC_FILE_YAML_WRITER_H_

#include <string>

#include "cli/spec_file/value.h"

namespace fleet::cli {

// In block style; lists of short scalars in one line. Texts are in quotes
// where YAML would take them for something else.
std::string ToYaml(const Value& value);

// JSON with two blanks of indentation.
std::string ToIndentedJson(const Value& value);

// A scalar, or a short list or map in one line: `[a, "3000"]`.
std::string ToYamlInline(const Value& value);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_YAML_WRITER_H_
