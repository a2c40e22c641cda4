// Files of specs: YAML and JSON in both dialects, what node printed of an
// ecosystem file, and Procfiles. What was taken must be written and read back
// as the same.
#include <string>

#include "cli/spec_file/app_reader.h"
#include "cli/spec_file/document_reader.h"
#include "cli/spec_file/json_reader.h"
#include "cli/spec_file/procfile.h"
#include "cli/spec_file/spec_writer.h"
#include "cli/spec_file/yaml_writer.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/status.h"
#include "proto/rpc/yaml_document.h"
#include "tests/fuzz/input.h"

namespace fleet::cli {
namespace {

constexpr char kFile[] = "fuzz.yaml";

absl::StatusOr<SpecFile> ReadSpecs(const absl::StatusOr<Value>& document,
                                   Dialect dialect) {
  if (!document.ok()) return document.status();
  const SpecFileOptions options;
  AppReaderOptions reader;
  reader.dialect = dialect;
  reader.file = kFile;
  reader.folder = "/srv";
  reader.env_name = "production";
  return DocumentReader(options, std::move(reader)).Read(*document);
}

absl::StatusOr<SpecFile> Read(uint8_t format, const std::string& text) {
  switch (format % 5) {
    case 0:
      return ReadSpecs(ReadYaml(text, kFile), Dialect::kNative);
    case 1:
      return ReadSpecs(ReadYaml(text, kFile), Dialect::kPm2);
    case 2:
      return ReadSpecs(ReadJson(text), Dialect::kPm2);
    case 3:
      return ReadSpecs(ReadJson(text), Dialect::kNative);
    default:
      return ReadSpecs(ReadProcfile(text, kFile), Dialect::kNative);
  }
}

void CheckWrittenAndReadBack(const SpecFile& file) {
  const std::string text = ToYaml(WriteApps(file.apps, Written::kWhatIsSet));
  const auto again = ReadSpecs(ReadYaml(text, kFile), Dialect::kNative);
  FLEET_CHECK(again.ok());
  FLEET_CHECK(again->apps.size() == file.apps.size());
  for (size_t i = 0; i < file.apps.size(); ++i) {
    FLEET_CHECK(DiffAppSpecs(file.apps[i], again->apps[i]).empty());
  }
}

}  // namespace
}  // namespace fleet::cli

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fleet::fuzz::Input input(data, size);
  const uint8_t format = input.Byte();
  const auto file = fleet::cli::Read(format, std::string(input.Rest()));
  if (file.ok()) fleet::cli::CheckWrittenAndReadBack(*file);
  return 0;
}
