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
#include "proto/rpc/utf8_text.h"

namespace fleet::cli {

DocumentReader::DocumentReader(const SpecFileOptions& options,
                               AppReaderOptions reader)
    : options_(options),
      dialect_(reader.dialect),
      file_(reader.file),
      reader_(std::move(reader)) {}

absl::StatusOr<SpecFile> DocumentReader::Read(const Value& document) {
  CheckText(document);
  CheckText(options_.overrides);
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
    Deploy(candidate.spec);
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

// Nothing else can be sent.
void DocumentReader::CheckText(const Value& value) {
  if (!IsUtf8(value.text)) Error(value.place, "a text that is not UTF-8");
  for (const Value& item : value.items) CheckText(item);
  for (const ValueEntry& entry : value.entries) {
    if (!IsUtf8(entry.key)) Error(entry.place, "a key that is not UTF-8");
    CheckText(entry.value);
  }
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
    Error(apps->place,
          apps == &document && apps->kind == Value::Kind::kMap
              ? "it has neither \"apps\" nor the \"script\" of one app"
              : absl::StrCat("expected a list of apps, found ",
                             DescribeValue(*apps)));
  } else if (apps->items.empty()) {
    Error(apps->place, "the list of apps is empty");
  }
  return apps->items;
}

// PM2's `deploy` may stand there, and x-… that hold YAML's anchors.
void DocumentReader::CheckBesideApps(const Value& document) {
  for (const ValueEntry& entry : document.entries) {
    if (entry.key == "apps" || entry.key.starts_with("x-")) continue;
    if (dialect_ == Dialect::kPm2 && entry.key == "deploy") {
      deployment_ = ReadDeployment(entry.value, options_.env_name);
      for (const std::string& note : deployment_.notes) {
        findings_.notes.push_back(Where(entry.place) + note);
      }
      continue;
    }
    const std::string what =
        absl::StrCat("unknown key \"", entry.key, "\" beside \"apps\"");
    if (dialect_ == Dialect::kPm2) {
      findings_.notes.push_back(
          absl::StrCat(Where(entry.place), what, " (it has no effect)"));
    } else {
      Error(entry.place, what);
    }
  }
}

void DocumentReader::Deploy(AppSpec& spec) const {
  for (const auto& [name, text] : deployment_.env) {
    if (!spec.secrets.contains(name)) spec.env.emplace(name, text);
  }
  Hook& hook = spec.rollout.hooks.pre_reload;
  if (hook.command.empty()) hook.command = deployment_.command;
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
      Error({}, absl::StrCat("it has no app \"", name, "\", only ",
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
    Error({}, absl::StrCat("the flag for \"", options_.overrides.entries[0].key,
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

// ValidateAppSpec speaks of the API's names, the user of the file's.
void DocumentReader::Validate(const Candidate& candidate) {
  const absl::Status valid = ValidateAppSpec(candidate.spec);
  if (valid.ok()) return;
  const std::string& name = candidate.spec.name;
  for (const absl::string_view violation :
       absl::StrSplit(valid.message(), '\n')) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(violation, absl::MaxSplits(": ", 1));
    const Field* field = FindFieldByPath(parts.first);
    const std::string shown =
        field == nullptr ? parts.first : std::string(field->name);
    Error(PlaceOf(candidate, shown),
          absl::StrCat(name, name.empty() ? "" : ": ", "\"", shown,
                       "\": ", parts.second));
  }
}

// Of a field, of the map it is in, or of the app.
Place DocumentReader::PlaceOf(const Candidate& candidate,
                              const std::string& field) {
  const auto& places = candidate.findings.places;
  auto found = places.find(field);
  if (found == places.end())
    found = places.find(field.substr(0, field.find('.')));
  return found == places.end() ? candidate.value.place : found->second;
}

void DocumentReader::CheckNames(const std::vector<Candidate>& candidates) {
  std::map<std::string, Place> place_of;
  for (const Candidate& candidate : candidates) {
    const auto [first, is_new] =
        place_of.emplace(candidate.spec.name, candidate.value.place);
    if (is_new) continue;
    const std::string where =
        first->second.line == 0
            ? ""
            : absl::StrCat(" (the first in line ", first->second.line, ")");
    Error(candidate.value.place,
          absl::StrCat("a second app named \"", candidate.spec.name, "\"",
                       where, "; names must differ"));
  }
}

void DocumentReader::Error(Place place, std::string_view what) {
  findings_.errors.push_back(absl::StrCat(Where(place), ToAbsl(what)));
}

std::string DocumentReader::Where(Place place) const {
  return PlaceText(file_, place);
}

}  // namespace fleet::cli
