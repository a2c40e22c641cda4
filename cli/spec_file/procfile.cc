#include "cli/spec_file/procfile.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::cli {

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
    app.line = number;
    SetEntry(app, "name", TextValue(parts.first));
    SetEntry(app, "script", TextValue("/bin/sh"));
    SetEntry(app, "interpreter", TextValue("none"));
    SetEntry(app, "args",
             TextListValue({"-c", absl::StrCat("exec ", command)}));
    apps.items.push_back(std::move(app));
  }
  return apps;
}

}  // namespace fleet::cli
