#include "cli/spec_file/procfile.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::cli {

namespace {

// The shell makes way for a command that is a single program, so that signals
// and messages reach it.
std::string ShellCommand(absl::string_view command) {
  std::string text(command);
  if (text.find_first_of(";&|<>()`\n") != std::string::npos) return text;
  const std::string first = text.substr(0, text.find(' '));
  if (first == "exec") return text;
  const bool assigns = first.find('=') != std::string::npos;
  return absl::StrCat(assigns ? "exec env " : "exec ", text);
}

}  // namespace

absl::StatusOr<Value> ReadProcfile(const std::string& text,
                                   std::string_view file) {
  Value apps;
  apps.kind = Value::Kind::kList;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    const auto command = absl::StripAsciiWhitespace(parts.second);
    if (command.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(ToAbsl(file), ":", number,
                       ": expected \"name: command\", found \"", line, "\""));
    }
    Value app = MapValue();
    app.place = {number, 1};
    SetEntry(app, "name", TextValue(parts.first));
    SetEntry(app, "script", TextValue("/bin/sh"));
    SetEntry(app, "interpreter", TextValue("none"));
    SetEntry(app, "args", TextListValue({"-c", ShellCommand(command)}));
    apps.items.push_back(std::move(app));
  }
  return apps;
}

}  // namespace fleet::cli
