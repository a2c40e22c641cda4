// Which apps and instances the words of a command mean.
#ifndef FLEET_CLI_APP_CHOICE_H_
#define FLEET_CLI_APP_CHOICE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fleet::cli {

// What an app is known by.
struct KnownApp {
  std::string name;
  int64_t id = 0;
  std::string app_namespace;
};

// An app, or one of its instances (on every host).
struct ChosenApp {
  std::string name;
  std::optional<int> slot;

  // "web", "web.2".
  std::string Text() const;
  bool operator==(const ChosenApp&) const = default;
};

// The names of the apps in a file of specs; nothing: it is no such file.
using FileApps =
    std::function<std::optional<absl::StatusOr<std::vector<std::string>>>(
        const std::string& path)>;

// Pure but for `file_apps`. Each word is the first of these that fits:
//   all            every app
//   web            an app's name
//   fleet.yaml     a file of specs: its apps, which all must be known
//   /^api-.*/i     a regular expression (ECMAScript, at most 256 characters),
//                  found anywhere in the name
//   api-*          a glob
//   3              an app's id
//   web.2, 3.2     instance 2 of an app
//   shop           a namespace: its apps
// The result is in the order of the words, then of `known`; what is chosen
// twice comes once, and an app swallows its instances.
//
// NOT_FOUND (reason APP_NOT_FOUND) for a word that fits nothing, with the name
// that may have been meant; INVALID_ARGUMENT for a bad expression; or the
// file's error.
absl::StatusOr<std::vector<ChosenApp>> ChooseApps(
    const std::vector<KnownApp>& known, const std::vector<std::string>& words,
    const FileApps& file_apps);

}  // namespace fleet::cli

#endif  // FLEET_CLI_APP_CHOICE_H_
