#include "cli/app_choice.h"

#include <algorithm>
#include <regex>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/spec_file/nearest_name.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr size_t kLongestPattern = 256;

using Predicate = std::function<bool(const KnownApp&)>;

absl::Status NotFound(const std::string& word, std::string_view message) {
  return ErrorWithReason(absl::StatusCode::kNotFound, message,
                         {"APP_NOT_FOUND", {{"app", word}}});
}

bool IsNumber(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789") == word.npos;
}

// "/…/" or "/…/i"; a path has more in front or no second slash at the end.
bool IsExpression(const std::string& word) {
  return word.size() > 2 && word[0] == '/' &&
         (word.ends_with('/') || (word.size() > 3 && word.ends_with("/i")));
}

absl::StatusOr<std::regex> ParseExpression(const std::string& word) {
  const bool fold = word.ends_with('i');
  const std::string pattern = word.substr(1, word.size() - (fold ? 3 : 2));
  if (pattern.size() > kLongestPattern) {
    return absl::InvalidArgumentError(
        absl::StrCat("a regular expression has at most ", kLongestPattern,
                     " characters, this one has ", pattern.size()));
  }
  // The standard library reports a bad pattern in this way only.
  try {
    return std::regex(pattern, fold ? std::regex::ECMAScript | std::regex::icase
                                    : std::regex::ECMAScript);
  } catch (const std::regex_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(word, " is no regular expression: ", error.what()));
  }
}

class Chooser {
 public:
  Chooser(const std::vector<KnownApp>& known, const FileApps& file_apps)
      : known_(known), file_apps_(file_apps) {}

  absl::Status Add(const std::string& word) {
    if (word == "all") {
      return AddAll([](const KnownApp&) { return true; })
                 ? absl::OkStatus()
                 : NotFound(word, "there are no apps");
    }
    if (AddAll([&](const KnownApp& app) { return app.name == word; })) {
      return absl::OkStatus();
    }
    if (auto names = file_apps_(word)) return AddFile(word, *names);
    if (IsExpression(word)) return AddExpression(word);
    if (word.find_first_of("*?[") != word.npos) return AddGlob(word);
    if (AddById(word) || AddInstance(word) || AddNamespace(word)) {
      return absl::OkStatus();
    }
    return Unknown(word);
  }

  std::vector<ChosenApp> Take() {
    std::erase_if(chosen_, [this](const ChosenApp& app) {
      return app.slot && Has({app.name, std::nullopt});
    });
    return std::move(chosen_);
  }

 private:
  bool Has(const ChosenApp& app) const {
    return std::find(chosen_.begin(), chosen_.end(), app) != chosen_.end();
  }

  void AddOnce(const ChosenApp& app) {
    if (!Has(app)) chosen_.push_back(app);
  }

  // False: there is none.
  bool AddAll(const Predicate& wanted, std::optional<int> slot = std::nullopt) {
    bool any = false;
    for (const KnownApp& app : known_) {
      if (!wanted(app)) continue;
      AddOnce({app.name, slot});
      any = true;
    }
    return any;
  }

  absl::Status AddFile(const std::string& path,
                       const absl::StatusOr<std::vector<std::string>>& names) {
    RETURN_IF_ERROR(names.status());
    for (const std::string& name : *names) {
      if (!AddAll([&](const KnownApp& app) { return app.name == name; })) {
        return NotFound(
            name, absl::StrCat(path, ": app \"", name,
                               "\" has not been started; fleetctl start ", path,
                               " does so"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status AddExpression(const std::string& word) {
    ASSIGN_OR_RETURN(const std::regex expression, ParseExpression(word));
    const bool any = AddAll([&](const KnownApp& app) {
      return std::regex_search(app.name, expression);
    });
    return any ? absl::OkStatus() : NothingMatches(word);
  }

  absl::Status AddGlob(const std::string& word) {
    const bool any = AddAll(
        [&](const KnownApp& app) { return GlobMatches(word, app.name); });
    return any ? absl::OkStatus() : NothingMatches(word);
  }

  static absl::Status NothingMatches(const std::string& word) {
    return NotFound(word, absl::StrCat("no app matches \"", word, "\""));
  }

  bool AddById(std::string_view word, std::optional<int> slot = std::nullopt) {
    int64_t id = 0;
    if (!IsNumber(word) || !absl::SimpleAtoi(ToAbsl(word), &id)) return false;
    return AddAll([&](const KnownApp& app) { return app.id == id; }, slot);
  }

  bool AddInstance(const std::string& word) {
    const size_t dot = word.rfind('.');
    int slot = 0;
    if (dot == word.npos || !IsNumber(word.substr(dot + 1)) ||
        !absl::SimpleAtoi(word.substr(dot + 1), &slot)) {
      return false;
    }
    const std::string app = word.substr(0, dot);
    return AddAll([&](const KnownApp& k) { return k.name == app; }, slot) ||
           AddById(app, slot);
  }

  bool AddNamespace(const std::string& word) {
    return AddAll([&](const KnownApp& a) { return a.app_namespace == word; });
  }

  absl::Status Unknown(const std::string& word) const {
    std::vector<std::string> names;
    for (const KnownApp& app : known_) names.push_back(app.name);
    for (const KnownApp& app : known_) names.push_back(app.app_namespace);
    const std::string near = NearestName(word, names);
    const std::string what =
        IsNumber(word) ? absl::StrCat("there is no app with the id ", word)
                       : absl::StrCat("there is no app \"", word, "\"");
    return NotFound(
        word, near.empty()
                  ? absl::StrCat(what, "; fleetctl ls shows those there are")
                  : absl::StrCat(what, "; did you mean \"", near, "\"?"));
  }

  const std::vector<KnownApp>& known_;
  const FileApps& file_apps_;
  std::vector<ChosenApp> chosen_;
};

}  // namespace

std::string ChosenApp::Text() const {
  return slot ? absl::StrCat(name, ".", *slot) : name;
}

absl::StatusOr<std::vector<ChosenApp>> ChooseApps(
    const std::vector<KnownApp>& known, const std::vector<std::string>& words,
    const FileApps& file_apps) {
  Chooser chooser(known, file_apps);
  for (const std::string& word : words) RETURN_IF_ERROR(chooser.Add(word));
  return chooser.Take();
}

}  // namespace fleet::cli
