// Specs as a native file, the way back from AppReader.
#ifndef FLEET_CLI_SPEC_FILE_SPEC_WRITER_H_
#define FLEET_CLI_SPEC_FILE_SPEC_WRITER_H_

#include <vector>

#include "cli/spec_file/field.h"
#include "cli/spec_file/value.h"
#include "proto/rpc/app_spec.h"

namespace fleet::cli {

enum class Written {
  // What differs from its default, and what an app is known by.
  kWhatIsSet,
  // What is set, and what was worked out: interpreter, instances and the like.
  kResolved,
  // Every field that has a value.
  kAll,
};

// A map of fields that reads back as the same spec.
Value WriteApp(const AppSpec& spec, Written how);

// {apps: [...]}.
Value WriteApps(const std::vector<AppSpec>& specs, Written how);

// A spec that sets nothing but what every spec must.
AppSpec DefaultSpec(const AppSpec& like);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_SPEC_WRITER_H_
