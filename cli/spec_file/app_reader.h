// One app of a file, from tree to spec.
#ifndef FLEET_CLI_SPEC_FILE_APP_READER_H_
#define FLEET_CLI_SPEC_FILE_APP_READER_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/spec_file/field.h"
#include "cli/spec_file/value.h"
#include "proto/rpc/app_spec.h"

namespace fleet::cli {

// What a reader has to say. An error means the file is not taken; a note is
// for the user to know. Both are whole lines: "fleet.yaml:7: …".
struct Findings {
  std::vector<std::string> errors;
  std::vector<std::string> notes;
};

struct AppReaderOptions {
  Dialect dialect = Dialect::kNative;
  // For messages: the file's name, or "the command line".
  std::string file;
  // Absolute; what a missing or relative `cwd` starts from.
  std::string folder;
  // --env: variables of env_NAME go over those of env.
  std::string env_name;
};

// Immutable.
class AppReader {
 public:
  explicit AppReader(AppReaderOptions options);

  // Reads a map; goes on after an error so that the user sees them all. The
  // spec is complete (defaults, absolute cwd) but not validated.
  AppSpec Read(const Value& app, Findings& findings) const;

 private:
  struct Reading;

  void ReadMap(const Value& map, const std::string& prefix,
               Reading& reading) const;
  void ReadEntry(const ValueEntry& entry, const std::string& prefix,
                 Reading& reading) const;
  void ReadField(const Field& field, const ValueEntry& entry,
                 Reading& reading) const;
  void UnknownKey(const ValueEntry& entry, const std::string& prefix,
                  Reading& reading) const;
  bool ReadEnvOverlay(const ValueEntry& entry, Reading& reading) const;
  void ApplyEnvOverlay(const Value& app, Reading& reading) const;
  void Complete(const Value& app, Reading& reading) const;

  const Field* FindField(const std::string& key) const;
  bool IsGroup(const std::string& key) const;
  std::string Where(int line) const;

  AppReaderOptions options_;
  std::vector<Field> fields_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_APP_READER_H_
