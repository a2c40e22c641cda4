#include "cli/spec_file/spec_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/spec_file/app_reader.h"
#include "cli/spec_file/document_reader.h"
#include "cli/spec_file/file_kind.h"
#include "cli/spec_file/node_config.h"
#include "cli/spec_file/procfile.h"
#include "proto/rpc/status.h"
#include "proto/rpc/yaml_document.h"

namespace fleet::cli {
namespace {

constexpr uintmax_t kLargestFile = 16 << 20;

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error)
    return ErrnoStatus(error.value(), absl::StrCat("cannot read ", path));
  if (size > kLargestFile) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": larger than 16 MiB; is it a file of specs?"));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return absl::UnavailableError(absl::StrCat("cannot read ", path));
  return text.str();
}

absl::StatusOr<Value> ReadDocument(const std::string& path, FileKind kind) {
  ASSIGN_OR_RETURN(const std::string text, ReadText(path));
  if (kind == FileKind::kPm2Module) {
    return EvaluateNodeConfig(std::filesystem::absolute(path).string());
  }
  if (kind == FileKind::kProcfile) return ReadProcfile(text, path);
  auto value = ReadYaml(text, path);
  const bool may_have_comments =
      kind == FileKind::kPm2Document && path.ends_with(".json");
  if (value.ok() || !may_have_comments) return value;
  auto relaxed = EvaluateRelaxedJson(std::filesystem::absolute(path).string());
  // Without node the first error says more.
  return absl::IsNotFound(relaxed.status()) ? value : relaxed;
}

Dialect DialectOf(FileKind kind) {
  const bool pm2 =
      kind == FileKind::kPm2Document || kind == FileKind::kPm2Module;
  return pm2 ? Dialect::kPm2 : Dialect::kNative;
}

}  // namespace

absl::StatusOr<SpecFile> LoadSpecFile(const std::string& path,
                                      const SpecFileOptions& options) {
  const FileKind kind = FileKindOf(path);
  if (kind == FileKind::kProgram) {
    return absl::InvalidArgumentError(absl::StrCat(
        path,
        " is a program, not a file of specs (fleet.yaml, "
        "ecosystem.config.js, Procfile); run it with: fleetctl start ",
        path));
  }
  ASSIGN_OR_RETURN(const Value document, ReadDocument(path, kind));
  AppReaderOptions reader;
  reader.dialect = DialectOf(kind);
  reader.file = path;
  reader.folder = std::filesystem::absolute(path).parent_path().string();
  reader.env_name = options.env_name;
  reader.home = options.home;
  return DocumentReader(options, std::move(reader)).Read(document);
}

absl::StatusOr<SpecFile> SpecOfScript(const std::string& script,
                                      const SpecFileOptions& options) {
  Value app = MapValue();
  SetEntry(app, "script", TextValue(script));
  for (const ValueEntry& entry : options.overrides.entries) {
    SetEntry(app, entry.key, entry.value);
  }
  SpecFileOptions merged = options;
  merged.overrides = MapValue();
  AppReaderOptions reader;
  reader.dialect = Dialect::kFlags;
  reader.file = script;
  reader.folder = std::filesystem::current_path().string();
  reader.env_name = options.env_name;
  return DocumentReader(merged, std::move(reader)).Read(app);
}

}  // namespace fleet::cli
