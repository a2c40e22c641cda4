#include "cli/spec_file/file_kind.h"

#include <string>

namespace fleet::cli {
namespace {

bool IsPm2Name(std::string_view name) {
  return name.starts_with("ecosystem") || name.starts_with("process") ||
         name.starts_with("pm2");
}

}  // namespace

FileKind FileKindOf(std::string_view path) {
  std::string_view name = path;
  if (const size_t slash = name.rfind('/'); slash != name.npos) {
    name.remove_prefix(slash + 1);
  }
  if (name == "Procfile") return FileKind::kProcfile;
  for (const std::string_view end : {".yaml", ".yml", ".json"}) {
    if (!name.ends_with(end)) continue;
    const bool pm2 =
        IsPm2Name(name) || name.ends_with(".config" + std::string(end));
    return pm2 ? FileKind::kPm2Document : FileKind::kNative;
  }
  for (const std::string_view end : {".js", ".cjs", ".mjs"}) {
    const bool module = name.ends_with(".config" + std::string(end)) ||
                        name == "ecosystem" + std::string(end);
    if (module) return FileKind::kPm2Module;
  }
  return FileKind::kProgram;
}

}  // namespace fleet::cli
