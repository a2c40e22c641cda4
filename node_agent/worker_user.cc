#include "node_agent/worker_user.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr size_t kRecordBytes = 64 << 10;
constexpr int kMaxGroups = 256;

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
  std::string home;
  std::string shell;
};

std::optional<Account> FindAccount(const std::string& user, uid_t uid) {
  std::vector<char> buffer(kRecordBytes);
  passwd entry{};
  passwd* found = nullptr;
  if (user.empty()) {
    getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  } else {
    getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
  }
  if (found == nullptr) return std::nullopt;
  return Account{found->pw_uid, found->pw_gid, found->pw_name, found->pw_dir,
                 found->pw_shell};
}

absl::StatusOr<Account> ResolveAccount(const std::string& user) {
  // What is no number leaves 0 behind.
  uid_t named = 0;
  bool number = absl::SimpleAtoi(user, &named);
  uid_t uid = number ? named : geteuid();
  auto account = FindAccount(number ? "" : user, uid);
  if (account.has_value()) return *account;
  if (!user.empty() && !number) {
    return absl::NotFoundError(
        absl::StrCat("user \"", user, "\" does not exist on this host; ",
                     "create it (useradd) or change `user`"));
  }
  return Account{uid, getegid(), "", "/", "/bin/sh"};
}

absl::StatusOr<gid_t> ResolveGroup(const std::string& group) {
  gid_t gid = 0;
  if (absl::SimpleAtoi(group, &gid)) return gid;
  std::vector<char> buffer(kRecordBytes);
  struct group entry {};
  struct group* found = nullptr;
  getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found != nullptr) return found->gr_gid;
  return absl::NotFoundError(
      absl::StrCat("group \"", group, "\" does not exist on this host; ",
                   "create it (groupadd) or change `group`"));
}

std::vector<gid_t> GroupsOf(const Account& account, gid_t gid) {
  if (account.name.empty()) return {gid};
  std::array<gid_t, kMaxGroups> groups{};
  int count = kMaxGroups;
  if (getgrouplist(account.name.c_str(), gid, groups.data(), &count) < 0) {
    count = kMaxGroups;
  }
  return {groups.begin(), groups.begin() + count};
}

// The class of permission bits (owner, group, others) that counts for `user`.
bool Allowed(const WorkerUser& user, const struct stat& info, mode_t bit) {
  if (info.st_uid == user.uid) return (info.st_mode & (bit << 6)) != 0;
  bool in_group = info.st_gid == user.gid ||
                  std::find(user.groups.begin(), user.groups.end(),
                            info.st_gid) != user.groups.end();
  if (in_group) return (info.st_mode & (bit << 3)) != 0;
  return (info.st_mode & bit) != 0;
}

}  // namespace

absl::StatusOr<WorkerUser> ResolveWorkerUser(const std::string& user,
                                             const std::string& group) {
  ASSIGN_OR_RETURN(Account account, ResolveAccount(user));
  WorkerUser result;
  result.uid = account.uid;
  result.gid = user.empty() ? getegid() : account.gid;
  if (!group.empty()) {
    ASSIGN_OR_RETURN(result.gid, ResolveGroup(group));
  }
  result.name = account.name;
  result.home = account.home;
  result.shell = account.shell;
  result.set_ids = result.uid != geteuid() || result.gid != getegid();
  if (!result.set_ids) return result;
  if (geteuid() != 0) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the agent runs as uid ", geteuid(), " and cannot run workers as ",
        user.empty() ? absl::StrCat("group ", group)
                     : absl::StrCat("user ", user),
        "; run the agent as root, or leave `user` and `group` out"));
  }
  result.groups = GroupsOf(account, result.gid);
  return result;
}

bool MayRead(const WorkerUser& user, const std::string& path) {
  if (user.uid == 0) return true;
  for (size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    struct stat info {};
    if (stat(path.substr(0, slash + 1).c_str(), &info) != 0 ||
        !Allowed(user, info, S_IXOTH)) {
      return false;
    }
  }
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && Allowed(user, info, S_IROTH);
}

}  // namespace fleet::agent
