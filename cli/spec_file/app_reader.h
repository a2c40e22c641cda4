// One app of a file, from tree to spec.
#ifndef FLEET_CLI_SPEC_FILE_APP_READER_H_
#define FLEET_CLI_SPEC_FILE_APP_READER_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/spec_file/field.h"
#include "cli/spec_file/value.h"
#include "proto/rpc/app_spec.h"

namespace fleet::cli {

// What a reader has to say. An error means the file is not taken; a note is
// for the user to know. Both are whole lines: "fleet.yaml:7:3: …".
struct Findings {
  std::vector<std::string> errors;
  std::vector<std::string> notes;
  // Where each field stands that was written, by its name in the table.
  std::map<std::string, Place> places;
};

struct AppReaderOptions {
  Dialect dialect = Dialect::kNative;
  // For messages: the file's name, or "the command line".
  std::string file;
  // Absolute; what a missing or relative `cwd` starts from.
  std::string folder;
  // --env: variables of env_NAME go over those of env.
  std::string env_name;
  // Of the caller, for a path in PM2's file that begins with ~; empty: such a
  // path is left as it is.
  std::string home;
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
  std::string Where(Place place) const;

  AppReaderOptions options_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_APP_READER_H_
