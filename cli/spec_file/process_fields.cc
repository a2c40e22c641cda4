// What runs, how many, and where.
#include "cli/spec_file/field.h"

namespace fleet::cli {
namespace {

constexpr Support kNow = Support::kInForce;
constexpr Support kNotYet = Support::kNotYet;

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
    {"takeover", "", FieldType::kBool, "",
     [](AppSpec& s, const FieldValue& v) { s.takeover = v.boolean; }, kNotYet,
     "Answers the program's own bind() on an address of listen with the app's "
     "socket, for programs that do not know LISTEN_FDS. Default: false."},
    {"graceful_drain", "", FieldType::kBool, "",
     [](AppSpec& s, const FieldValue& v) { s.graceful_drain = v.boolean; },
     kNow,
     "Node cluster workers answer Connection: close while they stop, so that "
     "no keep-alive request is lost. Default: true."},
    {"depends_on", "", FieldType::kTexts, "",
     [](AppSpec& s, const FieldValue& v) { s.depends_on = v.texts; }, kNow,
     "Apps that are available on a host before this one starts or reloads "
     "there."},
    {"hosts", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.hosts = v.text; }, kNow,
     "Hosts that run it: all, names, globs or labels such as "
     "role=web,zone in (a,b)."},
    {"autostart", "", FieldType::kBool, "",
     [](AppSpec& s, const FieldValue& v) { s.autostart = v.boolean; }, kNotYet,
     "False: a new app is made stopped. Default: true."},
    {"pid_file", "pid", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.pid_file = v.text; }, kNow,
     "File that holds the process id of a worker; %i stands for the instance."},
};

}  // namespace

std::span<const Field> ProcessFields() { return kFields; }

}  // namespace fleet::cli
