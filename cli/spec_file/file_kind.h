// What a file is, by its name.
#ifndef FLEET_CLI_SPEC_FILE_FILE_KIND_H_
#define FLEET_CLI_SPEC_FILE_FILE_KIND_H_

#include <string_view>

namespace fleet::cli {

enum class FileKind {
  // fleet.yaml, fleet.json, and every other .yaml, .yml or .json.
  kNative,
  // ecosystem.yaml, process.json, pm2.yml and the like.
  kPm2Document,
  // *.config.js, .cjs or .mjs, and ecosystem.js.
  kPm2Module,
  kProcfile,
  // Anything else.
  kProgram,
};

FileKind FileKindOf(std::string_view path);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_FILE_KIND_H_
