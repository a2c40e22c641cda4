// A whole file of specs, from tree to specs.
#ifndef FLEET_CLI_SPEC_FILE_DOCUMENT_READER_H_
#define FLEET_CLI_SPEC_FILE_DOCUMENT_READER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/spec_file/app_reader.h"
#include "cli/spec_file/deploy_section.h"
#include "cli/spec_file/spec_file.h"
#include "cli/spec_file/value.h"

namespace fleet::cli {

// Takes a document that holds one app, a list of them, or both under `apps`.
// Used once, by LoadSpecFile and SpecOfScript.
class DocumentReader {
 public:
  // `options` must outlive it.
  DocumentReader(const SpecFileOptions& options, AppReaderOptions reader);

  // As LoadSpecFile.
  absl::StatusOr<SpecFile> Read(const Value& document);

 private:
  struct Candidate {
    Value value;
    AppSpec spec;
    Findings findings;
  };

  void CheckText(const Value& value);
  std::vector<Value> TakeApps(const Value& document);
  void CheckBesideApps(const Value& document);
  std::vector<Candidate> Selected(std::vector<Candidate> candidates);
  void Override(std::vector<Candidate>& candidates);
  void Deploy(AppSpec& spec) const;
  void TakeFindings(Findings findings);
  void Validate(const Candidate& candidate);
  void CheckNames(const std::vector<Candidate>& candidates);
  static Place PlaceOf(const Candidate& candidate, const std::string& field);
  void Error(Place place, std::string_view what);
  std::string Where(Place place) const;

  const SpecFileOptions& options_;
  Dialect dialect_;
  std::string file_;
  AppReader reader_;
  Findings findings_;
  Deployment deployment_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_DOCUMENT_READER_H_
