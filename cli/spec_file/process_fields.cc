// What runs, how many, and where.
#include "cli/spec_file/field_access.h"

namespace fleet::cli {
namespace {

void SetNothing(AppSpec&, const FieldValue&) {}

constexpr Field kProcessFields[] = {
    At<&AppSpec::name>({.name = "name",
                        .type = FieldType::kText,
                        .explanation = "Name of the app, unique in the fleet.",
                        .pm2 = "name",
                        .unset = "the script's file name without its extension",
                        .example = "web"}),
    {.name = "name_prefix",
     .type = FieldType::kText,
     .set = SetNothing,
     .explanation = "Put before the name.",
     .pm2 = "name_prefix",
     .unset = "nothing",
     .example = "shop-"},
    {.name = "append_env_to_name",
     .type = FieldType::kBool,
     .set = SetNothing,
     .explanation = "Puts \"-NAME\" after the name when --env NAME is given.",
     .pm2 = "append_env_to_name",
     .unset = "false",
     .example = "true"},
    At<&AppSpec::script>(
        {.name = "script",
         .aliases = "exec cmd command",
         .type = FieldType::kText,
         .explanation = "Program to run; a relative path is relative to cwd. A "
                        "command with blanks is run by bash in PM2's files.",
         .pm2 = "script",
         .unset = "it must be set",
         .example = "app.js"}),
    At<&AppSpec::args>({.name = "args",
                        .type = FieldType::kWords,
                        .explanation = "Arguments of the program; one text is "
                                       "split into words as a shell does.",
                        .pm2 = "args",
                        .example = "[--port, \"3000\"]"}),
    At<&AppSpec::interpreter>(
        {.name = "interpreter",
         .aliases = "exec_interpreter",
         .type = FieldType::kText,
         .explanation = "What runs the script: a name or path, or none.",
         .pm2 = "exec_interpreter",
         .unset = "by the script's extension: .js .cjs .mjs node, .py python3, "
                  ".sh bash, .rb ruby, .pl perl, .php php, .ts .tsx bun; "
                  "else none",
         .example = "python3"}),
    At<&AppSpec::interpreter_args>(
        {.name = "interpreter_args",
         .aliases = "node_args",
         .type = FieldType::kWords,
         .explanation = "Arguments of the interpreter, before the script.",
         .pm2 = "node_args",
         .example = "[--max-old-space-size=300]"}),
    At<&AppSpec::cwd>(
        {.name = "cwd",
         .type = FieldType::kText,
         .explanation = "Folder the program starts in, on each host; relative "
                        "to the folder of the file. A symbolic link in it is "
                        "followed anew at every start.",
         .pm2 = "cwd",
         .unset = "the folder of the file",
         .example = "/srv/web/current"}),
    At<&AppSpec::app_namespace>({.name = "namespace",
                                 .type = FieldType::kText,
                                 .explanation = "Groups apps.",
                                 .pm2 = "namespace",
                                 .example = "shop"}),
    At<&AppSpec::user>(
        {.name = "user",
         .aliases = "uid",
         .type = FieldType::kTextOrNumber,
         .explanation = "User the program runs as: a name or a number.",
         .pm2 = "uid",
         .unset = "the agent's",
         .example = "www-data"}),
    At<&AppSpec::group>(
        {.name = "group",
         .aliases = "gid",
         .type = FieldType::kTextOrNumber,
         .explanation = "Group the program runs as; needs user.",
         .pm2 = "gid",
         .unset = "the user's",
         .example = "www-data"}),
    At<&AppSpec::port>(
        {.name = "port",
         .type = FieldType::kInteger,
         .explanation = "Given to the program as PORT, over one of env.",
         .pm2 = "port",
         .least = "1",
         .most = "65535",
         .unset = "none",
         .example = "3000"}),
    At<&AppSpec::instances>(
        {.name = "instances",
         .type = FieldType::kInstances,
         .explanation =
             "Workers on each host: a number, max (or 0) for one per "
             "core, -1 for one less, at least one.",
         .pm2 = "instances",
         .least = "-1000",
         .most = "1000",
         .example = "max"}),
    {.name = "exec_mode",
     .type = FieldType::kChoice,
     .choices = "fork cluster fork_mode cluster_mode",
     .set =
         [](AppSpec& s, const FieldValue& v) {
           s.exec_mode = v.text.starts_with("cluster") ? ExecMode::kCluster
                                                       : ExecMode::kFork;
         },
     .explanation = "cluster: workers share the app's sockets (node's cluster "
                    "module, or the sockets of listen). fork: they know "
                    "nothing of each other.",
     .get =
         [](const AppSpec& s) {
           return Word(s.exec_mode == ExecMode::kCluster ? "cluster" : "fork");
         },
     .pm2 = "exec_mode",
     .unset = "fork; in PM2's files cluster when instances is set for a node "
              "script",
     .example = "cluster"},
    At<&AppSpec::listen>(
        {.name = "listen",
         .type = FieldType::kTexts,
         .explanation = "Addresses Fleet opens and keeps open through reloads "
                        "and crashes: tcp://HOST:PORT or unix:///PATH, at most "
                        "16. Workers get them as LISTEN_FDS.",
         .example = "[\"tcp://0.0.0.0:3000\"]"}),
    {.name = "socket_sharing",
     .type = FieldType::kChoice,
     .choices = "slot shared",
     .set =
         [](AppSpec& s, const FieldValue& v) {
           s.socket_sharing = v.text == "shared" ? SocketSharing::kShared
                                                 : SocketSharing::kSlot;
         },
     .explanation = "slot: a socket per instance, evenly loaded. shared: one "
                    "for all, for programs with workers of their own.",
     .get =
         [](const AppSpec& s) {
           return Word(s.socket_sharing == SocketSharing::kShared ? "shared"
                                                                  : "slot");
         },
     .example = "shared"},
    At<&AppSpec::takeover>(
        {.name = "takeover",
         .type = FieldType::kBool,
         .explanation = "Answers the program's own bind() on an address of "
                        "listen with the app's socket, for programs that do "
                        "not know LISTEN_FDS.",
         .example = "true"}),
    At<&AppSpec::graceful_drain>(
        {.name = "graceful_drain",
         .type = FieldType::kBool,
         .explanation = "Node cluster workers answer Connection: close while "
                        "they stop, so that no keep-alive request is lost.",
         .example = "false"}),
    At<&AppSpec::depends_on>(
        {.name = "depends_on",
         .type = FieldType::kTexts,
         .explanation = "Apps that are available on a host before this one "
                        "starts or reloads there; at most 64.",
         .example = "[db, cache]"}),
    At<&AppSpec::hosts>(
        {.name = "hosts",
         .type = FieldType::kText,
         .explanation =
             "Hosts that run it: all, names, globs or labels such as "
             "role=web,zone in (a,b).",
         .example = "role=web"}),
    At<&AppSpec::autostart>(
        {.name = "autostart",
         .type = FieldType::kBool,
         .explanation = "False: a new app is made stopped, and apply does not "
                        "start one that is stopped.",
         .pm2 = "autostart",
         .example = "false"}),
    At<&AppSpec::pid_file>(
        {.name = "pid_file",
         .aliases = "pid",
         .type = FieldType::kText,
         .explanation = "File that holds the process id of a worker; %i stands "
                        "for the instance. Relative to cwd.",
         .pm2 = "pid_file",
         .unset = "none is written",
         .example = "/run/web-%i.pid"}),
    At<&AppSpec::stdin_pipe>(
        {.name = "stdin",
         .type = FieldType::kBool,
         .explanation = "Gives each worker a pipe as standard input, for "
                        "fleetctl send; it outlives the agent.",
         .path = "stdin_pipe",
         .example = "true"}),
};

}  // namespace

std::span<const Field> ProcessFields() { return kProcessFields; }

}  // namespace fleet::cli
