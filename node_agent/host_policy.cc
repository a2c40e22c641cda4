#include "node_agent/host_policy.h"

#include <fnmatch.h>
#include <grp.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "node_agent/listen_address.h"
#include "node_agent/program_path.h"
#include "proto/rpc/capability_name.h"
#include "proto/rpc/settings.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr size_t kMostEntries = 1000;
constexpr char kShell[] = "/bin/sh";

// With symbolic links resolved as far as the path exists.
std::string RealPath(const std::string& path) {
  std::error_code error;
  std::string real = std::filesystem::weakly_canonical(path, error).string();
  if (error) return std::filesystem::path(path).lexically_normal().string();
  while (real.size() > 1 && real.back() == '/') real.pop_back();
  return real;
}

bool IsWithin(const std::string& path, const std::string& folder) {
  return folder == "/" || path == folder || path.starts_with(folder + "/");
}

bool AnyMatches(const std::vector<std::string>& globs,
                const std::string& name) {
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    return fnmatch(glob.c_str(), name.c_str(), 0) == 0;
  });
}

std::string NameOfGroup(gid_t gid) {
  std::vector<char> buffer(64 << 10);
  struct group entry {};
  struct group* found = nullptr;
  getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? absl::StrCat(gid) : found->gr_name;
}

// By its entry in the user database, or as a member.
bool IsOwnGroup(const std::string& user, gid_t gid) {
  absl::StatusOr<WorkerUser> own = ResolveWorkerUser(user, "");
  return own.ok() &&
         (own->gid == gid || std::find(own->groups.begin(), own->groups.end(),
                                       gid) != own->groups.end());
}

std::string NameOf(const WorkerUser& user) {
  return user.name.empty() ? absl::StrCat(user.uid) : user.name;
}

std::string ListText(const std::vector<std::string>& entries) {
  return entries.empty() ? "none" : absl::StrJoin(entries, ", ");
}

// PATH as the worker will have it.
std::string SearchPath(const AppSpec& spec) {
  auto own = spec.env.find("PATH");
  if (own != spec.env.end()) return own->second;
  const char* path = std::getenv("PATH");
  return path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
}

void CheckDirectories(Settings& settings, const char* key,
                      const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (path.starts_with('/')) continue;
    settings.Refuse(key, absl::StrCat(path, " is not an absolute path"));
  }
}

}  // namespace

absl::StatusOr<HostPolicy> HostPolicy::Read(const std::string& path) {
  ASSIGN_OR_RETURN(const Value document, ReadSettingsFile(path));
  Settings settings(path, document);
  HostPolicy policy;
  policy.path_ = path;
  policy.users_ = settings.Texts("users");
  policy.groups_ = settings.Texts("groups");
  policy.directories_ = settings.Texts("directories");
  policy.programs_ =
      settings.Texts("programs").value_or(std::vector<std::string>());
  CheckDirectories(settings, "directories",
                   policy.directories_.value_or(std::vector<std::string>()));
  CheckDirectories(settings, "programs", policy.programs_);
  if (!policy.programs_.empty() && !policy.directories_.has_value()) {
    settings.Refuse("programs",
                    "they are allowed beside `directories`, and without those "
                    "every program is; name directories, too");
  }
  if (auto names = settings.Texts("capabilities")) {
    policy.capability_names_ = *names;
    uint64_t mask = 0;
    for (const std::string& name : *names) {
      if (const std::optional<int> number = CapabilityNumber(name)) {
        mask |= uint64_t{1} << *number;
      } else {
        settings.Refuse("capabilities",
                        absl::StrCat(name,
                                     " is no capability of Linux, such "
                                     "as CAP_NET_BIND_SERVICE"));
      }
    }
    policy.capabilities_ = mask;
  }
  policy.no_new_privileges_ =
      settings.Bool("no_new_privileges").value_or(false);
  for (const char* key : {"users", "groups", "directories", "programs"}) {
    if (settings.Texts(key).value_or(std::vector<std::string>()).size() >
        kMostEntries) {
      settings.Refuse(key, "there are more than 1,000");
    }
  }
  RETURN_IF_ERROR(settings.Finish());
  return policy;
}

absl::Status HostPolicy::Denied(const std::string& what) const {
  return ErrorWithReason(
      absl::StatusCode::kPermissionDenied,
      absl::StrCat("this host's own policy does not allow it: ", what, " (",
                   path_, ")"),
      {"HOST_POLICY", {}});
}

absl::Status HostPolicy::CheckSpec(const AppSpec& spec, bool hooks) const {
  absl::StatusOr<WorkerUser> user = ResolveWorkerUser(spec.user, spec.group);
  if (user.ok()) {
    RETURN_IF_ERROR(CheckUser(spec, *user));
    RETURN_IF_ERROR(CheckRights(spec, *user));
  }
  if (!directories_.has_value()) return absl::OkStatus();
  if (hooks) RETURN_IF_ERROR(CheckProgram("the hooks' shell", kShell));
  RETURN_IF_ERROR(CheckPath("cwd", spec.cwd));
  RETURN_IF_ERROR(CheckFiles(spec));
  const bool interpreted =
      !spec.interpreter.empty() && spec.interpreter != "none";
  const std::string search = SearchPath(spec);
  absl::StatusOr<std::string> program =
      interpreted
          ? FindExecutable("interpreter", spec.interpreter, search, spec.cwd)
          : FindExecutable("script", spec.script,
                           absl::StrCat(spec.cwd, ":", search), spec.cwd);
  if (program.ok()) {
    RETURN_IF_ERROR(
        CheckProgram(interpreted ? "interpreter" : "script", *program));
  }
  if (!interpreted) return absl::OkStatus();
  absl::StatusOr<std::string> script =
      FindScript(spec.script, spec.cwd, IsNode(spec));
  return CheckPath("script",
                   script.ok() ? *script : JoinPath(spec.cwd, spec.script));
}

absl::Status HostPolicy::CheckLaunch(const AppSpec& spec,
                                     const WorkerUser& user,
                                     const Launch& launch) const {
  RETURN_IF_ERROR(CheckUser(spec, user));
  RETURN_IF_ERROR(CheckRights(spec, user));
  if (!directories_.has_value()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckProgram("program", launch.executable));
  if (!launch.script.empty()) {
    RETURN_IF_ERROR(CheckPath("script", launch.script));
  }
  RETURN_IF_ERROR(CheckPath("cwd", launch.cwd));
  return CheckFiles(spec);
}

absl::Status HostPolicy::CheckUser(const AppSpec& spec,
                                   const WorkerUser& user) const {
  if (users_.has_value() && !AnyMatches(*users_, NameOf(user))) {
    return Denied(absl::StrCat(
        "apps may run as ", ListText(*users_), ", not as ", NameOf(user),
        spec.user.empty() ? ", which the agent runs as" : ""));
  }
  // A limit to users would be none if they might have root's group, or disk.
  const bool limited = groups_.has_value() || users_.has_value();
  if (!limited || spec.group.empty()) return absl::OkStatus();
  const std::vector<std::string> allowed =
      groups_.value_or(std::vector<std::string>());
  const std::string group = NameOfGroup(user.gid);
  if (AnyMatches(allowed, group) || IsOwnGroup(spec.user, user.gid)) {
    return absl::OkStatus();
  }
  return Denied(absl::StrCat("apps may have the groups ", ListText(allowed),
                             " beside their users' own, not ", group));
}

absl::Status HostPolicy::CheckRights(const AppSpec& spec,
                                     const WorkerUser& user) const {
  if (no_new_privileges_ && !spec.hardening.no_new_privileges) {
    return Denied("apps must set no_new_privileges: true");
  }
  if (!capabilities_.has_value()) return absl::OkStatus();
  const std::string allowed = absl::StrCat("apps may have the capabilities ",
                                           ListText(capability_names_));
  if (!spec.hardening.capabilities.has_value()) {
    if (user.uid != 0) return absl::OkStatus();  // The kernel takes them.
    return Denied(absl::StrCat(allowed,
                               ", and root has all of them; name those that it "
                               "is to keep in `capabilities`"));
  }
  for (const std::string& name : *spec.hardening.capabilities) {
    const std::optional<int> number = CapabilityNumber(name);
    if (number.has_value() && (*capabilities_ >> *number & 1) != 0) continue;
    return Denied(absl::StrCat(allowed, ", not ", name));
  }
  return absl::OkStatus();
}

// What the agent reads and writes for the app, and what runs beside it.
absl::Status HostPolicy::CheckFiles(const AppSpec& spec) const {
  const std::pair<const char*, const std::string*> written[] = {
      {"out_file", &spec.logs.out_file},
      {"error_file", &spec.logs.error_file},
      {"log_file", &spec.logs.log_file},
      {"pid_file", &spec.pid_file}};
  for (const auto& [what, path] : written) {
    if (path->starts_with('/')) RETURN_IF_ERROR(CheckPath(what, *path));
  }
  for (const std::string& file : spec.env_files) {
    const std::string name = file.starts_with('-') ? file.substr(1) : file;
    RETURN_IF_ERROR(CheckPath("env_file", JoinPath(spec.cwd, name)));
  }
  for (const std::string& url : spec.listen) {
    absl::StatusOr<ListenAddress> address = ParseListenAddress(url);
    if (address.ok() && address->kind == ListenAddress::Kind::kUnix) {
      RETURN_IF_ERROR(CheckPath("listen", address->path));
    }
  }
  for (const auto* probe : {&spec.readiness.exec, &spec.liveness.exec}) {
    if (!probe->has_value() || (*probe)->command.empty()) continue;
    absl::StatusOr<std::string> program = FindExecutable(
        "command", (*probe)->command[0], SearchPath(spec), spec.cwd);
    if (program.ok()) RETURN_IF_ERROR(CheckProgram("probe", *program));
  }
  return absl::OkStatus();
}

absl::Status HostPolicy::CheckProgram(const std::string& what,
                                      const std::string& path) const {
  const std::string real = RealPath(path);
  for (const std::string& program : programs_) {
    if (program == path || RealPath(program) == real) return absl::OkStatus();
  }
  absl::Status within = CheckPath(what, path);
  if (within.ok() || programs_.empty()) return within;
  return Denied(absl::StrCat(what, " ", path, " is neither one of ",
                             ListText(programs_), " nor in ",
                             ListText(*directories_)));
}

absl::Status HostPolicy::CheckPath(const std::string& what,
                                   const std::string& path) const {
  const std::string real = RealPath(path);
  for (const std::string& folder : *directories_) {
    if (IsWithin(real, RealPath(folder))) return absl::OkStatus();
  }
  return Denied(
      absl::StrCat(what, " ", path,
                   real == path ? "" : absl::StrCat(", which is ", real, ","),
                   " is not in ", ListText(*directories_)));
}

std::string HostPolicy::Describe() const {
  std::vector<std::string> parts;
  if (users_) parts.push_back(absl::StrCat("users ", ListText(*users_)));
  if (groups_) parts.push_back(absl::StrCat("groups ", ListText(*groups_)));
  if (directories_) {
    parts.push_back(absl::StrCat("directories ", ListText(*directories_)));
  }
  if (!programs_.empty()) {
    parts.push_back(absl::StrCat("programs ", ListText(programs_)));
  }
  if (capabilities_) {
    parts.push_back(absl::StrCat("capabilities ", ListText(capability_names_)));
  }
  if (no_new_privileges_) parts.emplace_back("no new privileges");
  return parts.empty() ? "everything" : absl::StrJoin(parts, "; ");
}

}  // namespace fleet::agent
