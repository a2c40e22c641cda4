#include "cli/spec_file/deploy_section.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace fleet::cli {
namespace {

// What reaches the hosts by ssh in PM2; here their agents are there already.
constexpr std::string_view kOfSsh[] = {"user",
                                       "host",
                                       "key",
                                       "path",
                                       "port",
                                       "ssh_options",
                                       "pre-setup",
                                       "post-setup",
                                       "forward-agent",
                                       "needs_ssh",
                                       "pre-deploy-local"};
constexpr std::string_view kCarriedOut[] = {"ref", "repo", "env", "pre-deploy",
                                            "post-deploy"};
// PM2's own when only `repo` is given.
constexpr char kUsualRef[] = "origin/master";

template <size_t kSize>
bool Has(const std::string_view (&words)[kSize], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

std::string TextOf(const Value& section, std::string_view key) {
  const Value* value = section.Find(key);
  return value != nullptr && value->IsScalar() ? value->text : "";
}

std::string ShellQuoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

bool CallsPm2(const std::string& command) {
  std::vector<std::string> words =
      absl::StrSplit(command, ' ', absl::SkipEmpty());
  if (!words.empty() && words[0] == "npx") words.erase(words.begin());
  return !words.empty() && (words[0] == "pm2" || words[0].ends_with("/pm2"));
}

// "npm install && pm2 reload web": what pm2 would do, the rollout does.
std::string WithoutPm2(const std::string& text, Deployment& deployment) {
  std::vector<std::string> kept;
  for (const absl::string_view part : absl::StrSplit(text, "&&")) {
    const std::string command(absl::StripAsciiWhitespace(part));
    if (command.empty()) continue;
    if (CallsPm2(command)) {
      deployment.notes.push_back(absl::StrCat(
          "left out of deploy, since the rollout does it: ", command));
    } else {
      kept.push_back(command);
    }
  }
  return absl::StrJoin(kept, " && ");
}

std::string GitCommand(const Value& section) {
  std::string ref = TextOf(section, "ref");
  if (ref.empty() && section.Find("repo") != nullptr) ref = kUsualRef;
  if (ref.empty()) return "";
  return absl::StrCat("git fetch --all --tags && git reset --hard ",
                      ShellQuoted(ref));
}

void NoteKeys(const Value& section, const std::string& name,
              Deployment& deployment) {
  std::vector<std::string> of_ssh;
  for (const ValueEntry& entry : section.entries) {
    if (Has(kOfSsh, entry.key)) {
      of_ssh.push_back(entry.key);
    } else if (!Has(kCarriedOut, entry.key)) {
      deployment.notes.push_back(absl::StrCat("unknown key \"deploy.", name,
                                              ".", entry.key,
                                              "\" (it has no effect)"));
    }
  }
  if (of_ssh.empty()) return;
  deployment.notes.push_back(absl::StrCat(
      "has no effect here: ", absl::StrJoin(of_ssh, ", "), " of deploy.", name,
      " (hosts are those of the fleet; see hosts and --hosts)"));
}

}  // namespace

Deployment ReadDeployment(const Value& deploy, const std::string& env_name) {
  Deployment deployment;
  if (env_name.empty()) {
    std::vector<std::string> names;
    for (const ValueEntry& entry : deploy.entries) names.push_back(entry.key);
    deployment.notes.push_back(
        absl::StrCat("deploy is carried out with --env NAME (",
                     absl::StrJoin(names, ", "), ")"));
    return deployment;
  }
  const Value* section = deploy.Find(env_name);
  if (section == nullptr || section->kind != Value::Kind::kMap) {
    return deployment;
  }
  NoteKeys(*section, env_name, deployment);
  if (const Value* env = section->Find("env")) {
    for (const ValueEntry& entry : env->entries) {
      deployment.env[entry.key] =
          entry.value.IsScalar() ? entry.value.text : ToJson(entry.value);
    }
  }
  std::vector<std::string> commands = {
      WithoutPm2(TextOf(*section, "pre-deploy"), deployment),
      GitCommand(*section),
      WithoutPm2(TextOf(*section, "post-deploy"), deployment)};
  std::erase(commands, "");
  deployment.command = absl::StrJoin(commands, " && ");
  return deployment;
}

}  // namespace fleet::cli
