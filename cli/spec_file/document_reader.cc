#include "cli/spec_file/document_reader.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/spec_file/nearest_name.h"
#include "proto/rpc/status.h"

namespace fleet::cli {

DocumentReader::DocumentReader(const SpecFileOptions& options,
                               AppReaderOptions reader)
    : options_(options),
      dialect_(reader.dialect),
      file_(reader.file),
      reader_(std::move(reader)) {}

absl::StatusOr<SpecFile> DocumentReader::Read(const Value& document) {
  std::vector<Candidate> candidates;
  for (Value& app : TakeApps(document)) {
    Findings findings;
    AppSpec spec = reader_.Read(app, findings);
    candidates.push_back(
        {std::move(app), std::move(spec), std::move(findings)});
  }
  candidates = Selected(std::move(candidates));
  if (!options_.overrides.entries.empty()) Override(candidates);
  for (Candidate& candidate : candidates) {
    for (const auto& [name, text] : options_.imported_env) {
      candidate.spec.env.emplace(name, text);
    }
    if (candidate.findings.errors.empty()) Validate(candidate);
    TakeFindings(std::move(candidate.findings));
  }
  CheckNames(candidates);
  if (!findings_.errors.empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(findings_.errors, "\n"));
  }
  SpecFile file;
  file.notes = std::move(findings_.notes);
  for (Candidate& candidate : candidates) {
    file.apps.push_back(std::move(candidate.spec));
  }
  return file;
}

std::vector<Value> DocumentReader::TakeApps(const Value& document) {
  const Value* apps = document.Find("apps");
  if (apps != nullptr) {
    CheckBesideApps(document);
  } else {
    apps = &document;
  }
  const bool is_app = apps->Find("script") != nullptr ||
                      apps->Find("exec") != nullptr ||
                      (apps != &document && apps->kind == Value::Kind::kMap);
  if (is_app) return {*apps};
  if (apps->kind != Value::Kind::kList) {
    Error(apps->line,
          apps == &document && apps->kind == Value::Kind::kMap
              ? "it has neither \"apps\" nor the \"script\" of one app"
              : absl::StrCat("expected a list of apps, found ",
                             DescribeValue(*apps)));
  } else if (apps->items.empty()) {
    Error(apps->line, "the list of apps is empty");
  }
  return apps->items;
}

// PM2's `deploy` may stand there, and x-… that hold YAML's anchors.
void DocumentReader::CheckBesideApps(const Value& document) {
  for (const ValueEntry& entry : document.entries) {
    if (entry.key == "apps" || entry.key.starts_with("x-")) continue;
    if (dialect_ == Dialect::kPm2 && entry.key == "deploy") {
      findings_.notes.push_back(Where(entry.line) + "not yet in force: deploy");
      continue;
    }
    const std::string what =
        absl::StrCat("unknown key \"", entry.key, "\" beside \"apps\"");
    if (dialect_ == Dialect::kPm2) {
      findings_.notes.push_back(
          absl::StrCat(Where(entry.line), what, " (it has no effect)"));
    } else {
      Error(entry.line, what);
    }
  }
}

std::vector<DocumentReader::Candidate> DocumentReader::Selected(
    std::vector<Candidate> candidates) {
  if (options_.only.empty()) return candidates;
  std::vector<std::string> names;
  names.reserve(candidates.size());
  for (const Candidate& candidate : candidates) {
    names.push_back(candidate.spec.name);
  }
  std::vector<Candidate> selected;
  for (const std::string& name : options_.only) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      Error(0, absl::StrCat("it has no app \"", name, "\", only ",
                            absl::StrJoin(names, ", ")));
    } else {
      selected.push_back(candidates[std::distance(names.begin(), found)]);
    }
  }
  return selected;
}

// The app is read anew with the flags' fields over its own.
void DocumentReader::Override(std::vector<Candidate>& candidates) {
  if (candidates.size() != 1) {
    Error(0, absl::StrCat("the flag for \"", options_.overrides.entries[0].key,
                          "\" is for one app, and these are ",
                          candidates.size(), "; choose one with --only NAME"));
    return;
  }
  Candidate& app = candidates[0];
  for (const ValueEntry& entry : options_.overrides.entries) {
    SetEntry(app.value, entry.key, entry.value);
  }
  app.findings = {};
  app.spec = reader_.Read(app.value, app.findings);
}

void DocumentReader::TakeFindings(Findings findings) {
  std::move(findings.errors.begin(), findings.errors.end(),
            std::back_inserter(findings_.errors));
  std::move(findings.notes.begin(), findings.notes.end(),
            std::back_inserter(findings_.notes));
}

void DocumentReader::Validate(const Candidate& candidate) {
  const absl::Status valid = ValidateAppSpec(candidate.spec);
  if (valid.ok()) return;
  const std::string& name = candidate.spec.name;
  for (const absl::string_view violation :
       absl::StrSplit(valid.message(), '\n')) {
    Error(candidate.value.line,
          absl::StrCat(name, name.empty() ? "" : ": ", violation));
  }
}

void DocumentReader::CheckNames(const std::vector<Candidate>& candidates) {
  std::map<std::string, int> line_of;
  for (const Candidate& candidate : candidates) {
    const auto [first, is_new] =
        line_of.emplace(candidate.spec.name, candidate.value.line);
    if (is_new) continue;
    const std::string where =
        first->second == 0
            ? ""
            : absl::StrCat(" (the first in line ", first->second, ")");
    Error(candidate.value.line,
          absl::StrCat("a second app named \"", candidate.spec.name, "\"",
                       where, "; names must differ"));
  }
}

void DocumentReader::Error(int line, std::string_view what) {
  findings_.errors.push_back(absl::StrCat(Where(line), ToAbsl(what)));
}

std::string DocumentReader::Where(int line) const {
  if (line == 0) return file_ + ": ";
  return absl::StrCat(file_, ":", line, ": ");
}

}  // namespace fleet::cli
