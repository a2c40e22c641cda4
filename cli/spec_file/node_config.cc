#include "cli/spec_file/node_config.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cli/spec_file/child_output.h"
#include "cli/spec_file/json_reader.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr absl::Duration kLimit = absl::Seconds(30);

constexpr char kEvaluateModule[] = R"js(
const path = process.argv[1];
(async () => {
  let config;
  try {
    config = require(path);
  } catch (error) {
    if (error.code !== 'ERR_REQUIRE_ESM') throw error;
    config = await import(require('url').pathToFileURL(path));
  }
  if (config && config.default !== undefined) config = config.default;
  if (typeof config === 'function') config = config();
  config = await config;
  require('fs').writeFileSync(3, JSON.stringify(config) ?? 'null');
  process.exit(0);
})().catch((error) => {
  const text = String(error?.stack ?? error);
  const at = /^    at (?:.*\()?((?:file:\/\/)?\/[^\n]*?:\d+):\d+\)?$/m.exec(text);
  if (error instanceof SyntaxError && !at) {
    // Of which only node knows the place in the file.
    process.nextTick(() => { throw error; });
    return;
  }
  console.error(at ? at[1] + '\n\n' + text : text);
  process.exit(1);
});
)js";

constexpr char kEvaluateJson[] = R"js(
const fs = require('fs');
const path = process.argv[1];
const config = require('vm').runInThisContext(
    '(' + fs.readFileSync(path, 'utf8') + ')', { filename: path });
fs.writeFileSync(3, JSON.stringify(config) ?? 'null');
)js";

absl::StatusOr<Value> Evaluate(const char* program, const std::string& path) {
  auto output = RunForOutput({"node", "-e", program, path}, kLimit);
  if (absl::IsNotFound(output.status())) {
    return absl::NotFoundError(absl::StrCat(
        path,
        ": this file is JavaScript, and there is no node on this "
        "machine to read it (looked along PATH); install Node.js here, or "
        "write the apps as fleet.yaml"));
  }
  if (!output.ok()) return Annotate(output.status(), path);
  if (output->exit_code != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " cannot be read, says node:\n",
                     TrimNodeMessage(output->messages)));
  }
  auto value = ReadJson(output->result);
  if (!value.ok()) return Annotate(value.status(), path);
  return value;
}

}  // namespace

absl::StatusOr<Value> EvaluateNodeConfig(const std::string& path) {
  return Evaluate(kEvaluateModule, path);
}

absl::StatusOr<Value> EvaluateRelaxedJson(const std::string& path) {
  return Evaluate(kEvaluateJson, path);
}

std::string TrimNodeMessage(const std::string& message) {
  std::vector<std::string> kept;
  for (const std::string& line :
       std::vector<std::string>(absl::StrSplit(message, '\n'))) {
    const bool noise = absl::StartsWith(line, "    at ") ||
                       absl::StartsWith(line, "Node.js v") ||
                       (line.empty() && (kept.empty() || kept.back().empty()));
    if (!noise) kept.push_back(line);
  }
  while (!kept.empty() && kept.back().empty()) kept.pop_back();
  return absl::StrJoin(kept, "\n");
}

}  // namespace fleet::cli
