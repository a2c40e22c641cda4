#include "cli/spec_file/field_text.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/render/text_style.h"
#include "cli/spec_file/spec_writer.h"
#include "cli/spec_file/written_value.h"
#include "cli/spec_file/yaml_writer.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr size_t kTextWidth = 76;

std::string Indented(std::string_view text, size_t indent) {
  return std::string(indent, ' ') + Wrapped(text, indent, kTextWidth);
}

// Up to the first full stop that ends a sentence.
std::string FirstSentence(std::string_view text) {
  const size_t end = text.find(". ");
  return std::string(text.substr(0, end == text.npos ? text.size() - 1 : end));
}

std::vector<std::string> AliasesOf(const Field& field) {
  std::vector<std::string> names = NamesOf(field);
  names.erase(names.begin());
  std::erase(names, std::string(field.pm2));
  return names;
}

std::string PathOf(const Field& field) {
  return std::string(field.path.empty() ? field.name : field.path);
}

struct Fact {
  std::string_view title;
  std::string text;
};

std::vector<Fact> FactsOf(const Field& field) {
  std::vector<Fact> facts = {
      {"value", ExpectedOf(field, Dialect::kNative)},
      {"range", RangeText(field)},
      {"default", DefaultText(field)},
      {"in PM2", std::string(field.pm2)},
      {"also", absl::StrJoin(AliasesOf(field), ", ")},
      {"in the API",
       field.get == nullptr ? std::string() : "AppSpec." + PathOf(field)},
      {"example", ExampleText(field)}};
  if (field.support == Support::kIgnored) {
    facts = {{"in PM2", std::string(field.pm2)}};
  }
  std::erase_if(facts, [](const Fact& fact) { return fact.text.empty(); });
  return facts;
}

std::string SupportText(const Field& field) {
  switch (field.support) {
    case Support::kInForce:
      return "";
    case Support::kNotYet:
      return "Not yet in force.";
    case Support::kIgnored:
      return "Has no effect here.";
  }
  return "";
}

std::string Entry(const Field& field) {
  std::string text = absl::StrCat("### `", ToAbsl(field.name), "`\n\n",
                                  ToAbsl(field.explanation), "\n");
  if (const std::string support = SupportText(field); !support.empty()) {
    absl::StrAppend(&text, "**", support, "**\n");
  }
  text += "\n";
  for (const Fact& fact : FactsOf(field)) {
    if (fact.title == "example") continue;
    const bool code = fact.title == "in PM2" || fact.title == "also" ||
                      fact.title == "in the API";
    absl::StrAppend(&text, "- ", ToAbsl(fact.title), ": ", code ? "`" : "",
                    fact.text, code ? "`" : "", "\n");
  }
  const std::string example = ExampleText(field);
  if (example.empty()) return text + "\n";
  return absl::StrCat(text, "\n```yaml\n", example, "\n```\n\n");
}

}  // namespace

std::string DefaultText(const Field& field) {
  if (!field.unset.empty()) return std::string(field.unset);
  if (field.get == nullptr) return "";
  const std::optional<FieldValue> value = field.get(DefaultSpec({}));
  if (!value.has_value()) return "none";
  const std::string text = ToYamlInline(WrittenValue(field, *value));
  return text == "\"\"" || text == "[]" || text == "{}" ? "none" : text;
}

std::string RangeText(const Field& field) {
  if (field.least.empty()) return "";
  return absl::StrCat(ToAbsl(field.least), " to ", ToAbsl(field.most));
}

std::string ExampleText(const Field& field) {
  if (field.example.empty()) return "";
  const std::vector<std::string> words =
      absl::StrSplit(ToAbsl(field.name), '.');
  std::string text = absl::StrCat(words.back(), ": ", ToAbsl(field.example));
  for (size_t i = words.size() - 1; i-- > 0;) {
    text = absl::StrCat(words[i], ": {", text, "}");
  }
  return text;
}

std::string FieldDetails(const Field& field) {
  std::string text = absl::StrCat(ToAbsl(field.name), "\n",
                                  Indented(field.explanation, 2), "\n");
  if (const std::string support = SupportText(field); !support.empty()) {
    absl::StrAppend(&text, "  ", support, "\n");
  }
  text += "\n";
  for (const Fact& fact : FactsOf(field)) {
    const std::string title = absl::StrCat("  ", ToAbsl(fact.title), ":");
    const std::string body = Indented(fact.text, 14).substr(title.size());
    absl::StrAppend(&text, title, body, "\n");
  }
  return text;
}

std::string FieldList(std::string_view prefix) {
  size_t width = 0;
  for (const Field& field : AllFields()) {
    if (field.name.starts_with(prefix)) {
      width = std::max(width, field.name.size());
    }
  }
  std::string text;
  for (const FieldGroup& group : FieldGroups()) {
    std::string lines;
    for (const Field& field : group.fields) {
      if (!field.name.starts_with(prefix)) continue;
      absl::StrAppend(&lines, "  ", ToAbsl(field.name),
                      std::string(width + 2 - field.name.size(), ' '),
                      FirstSentence(field.explanation), "\n");
    }
    if (lines.empty()) continue;
    absl::StrAppend(&text, text.empty() ? "" : "\n", ToAbsl(group.title), ":\n",
                    lines);
  }
  return text;
}

std::string FieldsPage() {
  std::string text =
      "# Every field of an app\n\n"
      "Made from the table that reads the files: `fleetctl explain --page`. "
      "`fleetctl explain FIELD` says the same on a terminal, and "
      "[fleet.schema.json](fleet.schema.json) lets an editor complete and "
      "check.\n\n"
      "A native file (`fleet.yaml`, `fleet.json`) holds one app, a list of "
      "apps, or `apps:` with one or many. Times have a unit (`500ms`, `10s`, "
      "`1m30s`, `24h`; in PM2's files a bare number is milliseconds), sizes "
      "are bytes or have one (`300M`; a K is 1,024). `env_NAME` holds "
      "variables that go over those of `env` with `--env NAME`. Keys beside "
      "`apps:` that begin with `x-` are yours, for YAML's anchors. What a "
      "field does not say is at its default, also when the app ran with "
      "something else before: the file is the truth.\n";
  for (const FieldGroup& group : FieldGroups()) {
    absl::StrAppend(&text, "\n## ", ToAbsl(group.title), "\n\n");
    for (const Field& field : group.fields) text += Entry(field);
    while (text.ends_with("\n\n")) text.pop_back();
  }
  return text;
}

}  // namespace fleet::cli
