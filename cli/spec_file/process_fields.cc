// What runs, how many, with which environment.
#include "cli/spec_file/field.h"

namespace fleet::cli {
namespace {

constexpr Support kNow = Support::kInForce;
constexpr Support kNotYet = Support::kNotYet;
constexpr Support kIgnored = Support::kIgnored;

constexpr Field kFields[] = {
    {"name", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.name = v.text; }, kNow,
     "Name of the app, unique in the fleet. Default: the script's file name "
     "without its extension."},
    {"name_prefix", "", FieldType::kText, "",
     [](AppSpec&, const FieldValue&) {}, kNow, "Put before the name."},
    {"append_env_to_name", "", FieldType::kBool, "",
     [](AppSpec&, const FieldValue&) {}, kNow,
     "Puts \"-NAME\" after the name when --env NAME is given."},
    {"script", "exec", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.script = v.text; }, kNow,
     "Program to run; a relative path is relative to cwd."},
    {"args", "", FieldType::kWords, "",
     [](AppSpec& s, const FieldValue& v) { s.args = v.texts; }, kNow,
     "Arguments of the program."},
    {"interpreter", "exec_interpreter", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.interpreter = v.text; }, kNow,
     "What runs the script: a name or path, or none. Default: by the script's "
     "extension (.js node, .py python3, .sh bash …)."},
    {"interpreter_args", "node_args", FieldType::kWords, "",
     [](AppSpec& s, const FieldValue& v) { s.interpreter_args = v.texts; },
     kNow, "Arguments of the interpreter."},
    {"cwd", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.cwd = v.text; }, kNow,
     "Folder the program starts in, on each host. Default: the folder of the "
     "file. A symbolic link in it is followed anew at every start."},
    {"namespace", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.app_namespace = v.text; }, kNow,
     "Groups apps. Default: default."},
    {"user", "uid", FieldType::kTextOrNumber, "",
     [](AppSpec& s, const FieldValue& v) { s.user = v.text; }, kNow,
     "User the program runs as. Default: the agent's."},
    {"group", "gid", FieldType::kTextOrNumber, "",
     [](AppSpec& s, const FieldValue& v) { s.group = v.text; }, kNow,
     "Group the program runs as. Default: the user's."},
    {"port", "", FieldType::kInteger, "",
     [](AppSpec& s, const FieldValue& v) {
       s.port = static_cast<int>(v.integer);
     },
     kNow, "Given to the program as PORT."},
    {"instances", "", FieldType::kInstances, "",
     [](AppSpec& s, const FieldValue& v) {
       s.instances = static_cast<int>(v.integer);
     },
     kNow,
     "Workers on each host: a number, max (or 0) for one per core, -1 for one "
     "less."},
    {"exec_mode", "", FieldType::kChoice, "fork cluster fork_mode cluster_mode",
     [](AppSpec& s, const FieldValue& v) {
       s.exec_mode =
           v.text.starts_with("cluster") ? ExecMode::kCluster : ExecMode::kFork;
     },
     kNow,
     "cluster: workers share the app's sockets (node's cluster module, or the "
     "sockets of listen). fork: they know nothing of each other."},
    {"listen", "", FieldType::kTexts, "",
     [](AppSpec& s, const FieldValue& v) { s.listen = v.texts; }, kNow,
     "Addresses Fleet opens and keeps open through reloads and crashes: "
     "tcp://HOST:PORT or unix:///PATH. Workers get them as LISTEN_FDS."},
    {"socket_sharing", "", FieldType::kChoice, "slot shared",
     [](AppSpec& s, const FieldValue& v) {
       s.socket_sharing =
           v.text == "shared" ? SocketSharing::kShared : SocketSharing::kSlot;
     },
     kNow,
     "slot: a socket per instance, evenly loaded. shared: one for all, for "
     "programs with workers of their own."},
    {"takeover", "", FieldType::kBool, "", nullptr, kNotYet,
     "Answers the program's own bind() with the app's socket."},
    {"graceful_drain", "", FieldType::kBool, "",
     [](AppSpec& s, const FieldValue& v) { s.graceful_drain = v.boolean; },
     kNow,
     "Node cluster workers answer Connection: close while they stop, so that "
     "no keep-alive request is lost. Default: true."},
    {"env", "", FieldType::kTextMap, "",
     [](AppSpec& s, const FieldValue& v) { s.env = v.map; }, kNow,
     "Environment variables. With --env NAME those of env_NAME go over them."},
    {"env_file", "", FieldType::kAny, "", nullptr, kNotYet,
     "File of environment variables."},
    {"filter_env", "", FieldType::kAny, "", nullptr, kIgnored,
     "Variables of the caller that are not passed on; here none are."},
    {"instance_var", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.instance_var = v.text; }, kNow,
     "Variable that carries the instance number. Default: "
     "NODE_APP_INSTANCE."},
    {"increment_var", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.increment_var = v.text; }, kNow,
     "Variable of env that rises by one per instance."},
    {"limits", "", FieldType::kAny, "", nullptr, kNotYet,
     "Limits of memory, processor, processes and files."},
    {"nice", "", FieldType::kInteger, "", nullptr, kNotYet,
     "Scheduling priority."},
    {"umask", "", FieldType::kTextOrNumber, "", nullptr, kNotYet,
     "File mode creation mask."},
    {"oom_score_adj", "", FieldType::kInteger, "", nullptr, kNotYet,
     "How readily the kernel kills it when memory runs out."},
    {"no_new_privileges", "", FieldType::kBool, "", nullptr, kNotYet,
     "The program cannot gain privileges."},
    {"capabilities", "", FieldType::kTexts, "", nullptr, kNotYet,
     "Capabilities the program keeps."},
    {"read_only_paths", "", FieldType::kTexts, "", nullptr, kNotYet,
     "Paths the program cannot write."},
    {"private_tmp", "", FieldType::kBool, "", nullptr, kNotYet,
     "A /tmp of its own."},
    {"depends_on", "", FieldType::kTexts, "", nullptr, kNotYet,
     "Apps that start before it on a host."},
    {"hosts", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.hosts = v.text; }, kNow,
     "Hosts that run it: all, names, globs or labels such as "
     "role=web,zone in (a,b)."},
    {"autostart", "", FieldType::kBool, "", nullptr, kNotYet,
     "False: apply does not start it."},
    {"force", "", FieldType::kBool, "", nullptr, kIgnored,
     "PM2: start the same script twice. Here two apps need two names."},
    {"pmx", "", FieldType::kAny, "", nullptr, kIgnored, "A service of PM2's."},
    {"trace", "", FieldType::kAny, "", nullptr, kIgnored,
     "A service of PM2's."},
    {"v8", "", FieldType::kAny, "", nullptr, kIgnored, "A service of PM2's."},
    {"vizion", "", FieldType::kAny, "", nullptr, kIgnored,
     "A service of PM2's."},
    {"automation", "", FieldType::kAny, "", nullptr, kIgnored,
     "A service of PM2's."},
    {"io", "", FieldType::kAny, "", nullptr, kIgnored, "A service of PM2's."},
    {"source_map_support", "", FieldType::kAny, "", nullptr, kIgnored,
     "Use interpreter_args: --enable-source-maps."},
    {"windows_hide", "", FieldType::kAny, "", nullptr, kIgnored,
     "Of another system."},
};

}  // namespace

std::span<const Field> ProcessFields() { return kFields; }

}  // namespace fleet::cli
