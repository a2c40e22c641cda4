#include "cli/spec_file/app_completion.h"

#include <filesystem>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

const Value* FindInEitherCase(const Value& app, std::string_view name) {
  for (const ValueEntry& entry : app.entries) {
    if (SnakeCase(entry.key) == name) return &entry.value;
  }
  return nullptr;
}

std::string AbsolutePath(const std::string& folder, const std::string& path) {
  return (std::filesystem::path(folder) / path).lexically_normal().string();
}

std::string WithoutTrailingSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// PM2 knows ~ in the paths of logs and pid files.
std::string WithHome(const AppReaderOptions& options, const std::string& path) {
  const bool from_home = options.dialect == Dialect::kPm2 &&
                         path.starts_with('~') && !options.home.empty();
  if (!from_home) return path;
  return AbsolutePath(options.home, "." + path.substr(1));
}

void CompletePath(const AppReaderOptions& options, const std::string& cwd,
                  std::string& path) {
  if (path.empty() || path == kAutoLogFile) return;
  path =
      path == "NULL" ? "/dev/null" : AbsolutePath(cwd, WithHome(options, path));
}

// PM2 puts the number of a process before ".log", in place of one that is
// there.
void NumberLogFile(std::string& path) {
  constexpr std::string_view kEnd = ".log";
  if (!path.ends_with(kEnd) || path.find("%i") != path.npos) return;
  std::string stem = path.substr(0, path.size() - kEnd.size());
  size_t digits = stem.size();
  while (digits > 0 && absl::ascii_isdigit(stem[digits - 1])) --digits;
  const bool numbered =
      digits < stem.size() && digits > 0 && stem[digits - 1] == '-';
  if (numbered) stem.resize(digits - 1);
  path = absl::StrCat(stem, "-%i", ToAbsl(kEnd));
}

// In PM2's files every instance has files of its own, unless merge_logs says
// otherwise or there is one that was not asked for by number.
void SeparateLogFiles(const Findings& findings, AppSpec& spec) {
  const bool alone = spec.exec_mode == ExecMode::kFork &&
                     !findings.places.contains("instances") &&
                     !findings.places.contains("merge_logs");
  if (spec.logs.merge || alone) return;
  NumberLogFile(spec.logs.out_file);
  NumberLogFile(spec.logs.error_file);
  NumberLogFile(spec.logs.log_file);
}

// `script: "node app.js --x"`, as PM2 has it: bash runs it, and makes way for
// a command that is a single program.
void SplitCommand(AppSpec& spec) {
  if (spec.script.find(' ') == std::string::npos) return;
  if (spec.name.empty()) {
    spec.name = spec.script.substr(0, spec.script.find(' '));
    spec.name = spec.name.substr(spec.name.rfind('/') + 1);
  }
  spec.args = {"-c", spec.script};
  spec.script = "bash";
  spec.interpreter = "none";
}

void CompleteName(const Value& app, const AppReaderOptions& options,
                  AppSpec& spec) {
  if (const Value* prefix = FindInEitherCase(app, "name_prefix")) {
    spec.name = prefix->text + spec.name;
  }
  const Value* append = FindInEitherCase(app, "append_env_to_name");
  if (append != nullptr && append->boolean && !options.env_name.empty()) {
    absl::StrAppend(&spec.name, "-", options.env_name);
  }
}

}  // namespace

void CompleteSpec(const Value& app, const AppReaderOptions& options,
                  const Findings& findings, AppSpec& spec) {
  const bool native = options.dialect == Dialect::kNative;
  spec.cwd = WithoutTrailingSlash(AbsolutePath(options.folder, spec.cwd));
  CompletePath(options, spec.cwd, spec.logs.out_file);
  CompletePath(options, spec.cwd, spec.logs.error_file);
  CompletePath(options, spec.cwd, spec.logs.log_file);
  CompletePath(options, spec.cwd, spec.pid_file);
  if (!native) SplitCommand(spec);
  ApplyDefaults(spec);
  CompleteName(app, options, spec);
  const bool clusters_by_count = !native &&
                                 findings.places.contains("instances") &&
                                 !findings.places.contains("exec_mode") &&
                                 !findings.places.contains("execute_command");
  if (clusters_by_count && IsNode(spec)) spec.exec_mode = ExecMode::kCluster;
  if (!native) SeparateLogFiles(findings, spec);
}

}  // namespace fleet::cli
