#!/usr/bin/env python3
"""What fields do to real processes, where PM2 has nothing to compare with.

  fields_test.py [SCENARIO…]    these only; prints what was seen
"""

import datetime
import getpass
import json
import os
import re
import signal
import subprocess
import time
import zoneinfo

from scenarios import run_scenarios, scenario
from supervisors import Fleet, alive, await_that

HERE = os.path.dirname(os.path.abspath(__file__))
NOTIFY = os.path.join(HERE, "notify.py")
HEALTH = os.path.join(HERE, "health.js")
# Writes the folder that it runs in.
WHERE = 'echo "0 $$ 0 $(basename "$(pwd -P)")" >>"$EVENTS"; exec sleep 1000'


def environ(pid):
    with open(f"/proc/{pid}/environ", encoding="utf-8") as file:
        return dict(entry.split("=", 1)
                    for entry in file.read().split("\0") if "=" in entry)


def variables(app, *names):
    """Those of the app's only worker; None: it has none of that name."""
    await_that(lambda: len(app.pids()) == 1, app.processes)
    env = environ(app.pids()[0])
    return [env.get(name) for name in names]


def releases(app):
    """Two folders with the same script, and a link to the first."""
    for name in ("one", "two"):
        os.mkdir(app.path(name))
        app.write(f"{name}/where.sh", WHERE)
    os.symlink("one", app.path("current"))


def switch(app):
    os.symlink("two", app.path("next"))
    os.rename(app.path("next"), app.path("current"))


def fields_of(schema, before=""):
    """(name, schema) of every field below this one."""
    for name, field in schema.get("properties", {}).items():
        if field.get("properties"):
            yield from fields_of(field, f"{before}{name}.")
        else:
            yield before + name, field


def nested(name, value):
    for part in reversed(name.split(".")):
        value = {part: value}
    return value


# ------------------------------------------------------------------- errors

@scenario(fleet=(True, []))
def a_value_of_the_wrong_kind_is_refused_with_its_place_and_field(app):
    _, text = app.supervisor.run("schema")
    fields = list(fields_of(json.loads(text)["definitions"]["app"]))
    unclear = []
    for name, _ in fields:
        # What no field takes: a list of maps of maps.
        spec = {"name": "a", "script": "a", **nested(name, [{"a": {"b": 1}}])}
        app.write("fleet.json", json.dumps({"apps": [spec]}))
        code, said = app.supervisor.run("validate", app.path("fleet.json"))
        # FILE:LINE:COLUMN: "FIELD": what is expected; an alias by its field.
        refused = code == 1 and re.search(r':1:\d+: "[\w.]+": ', said)
        if not refused and f"has no effect here: {name}" not in said:
            unclear.append((name, code, said))
    return len(fields) > 100, unclear


# ---------------------------------------------------------- what is started

@scenario(fleet=["one", "two"])
def cwd_follows_its_link_anew_at_every_start(app):
    releases(app)
    app.native(script="where.sh", cwd=app.path("current")).await_told("one")
    switch(app)
    app.run("reload")
    return app.await_told("two").told()


@scenario(fleet=["one", "two"])
def watch_sees_that_the_link_was_switched(app):
    releases(app)
    app.native(script="where.sh", cwd=app.path("current"), watch=True)
    app.await_told("one").await_statuses("online")
    switch(app)
    return app.await_told("two").told()


@scenario(fleet={"a.py": "python", "a.cjs": "node", "a.mjs": "node"})
def the_interpreter_is_chosen_by_the_extension(app):
    node = 'appendFileSync(process.env.EVENTS, "0 0 0 node\\n"); ' \
           'setInterval(() => {}, 1000);'
    programs = {
        "a.py": 'import os, time\nopen(os.environ["EVENTS"], "a").write('
                '"0 0 0 python\\n")\ntime.sleep(1000)\n',
        "a.cjs": f'const {{appendFileSync}} = require("fs"); {node}',
        "a.mjs": f'import {{appendFileSync}} from "fs"; {node}'}
    told = {}
    for name, text in programs.items():
        one = app.sibling(name[2:])
        one.write(name, text)
        one.native(script=one.path(name))
        await_that(one.told, one.statuses)
        told[name] = one.told()[0]
    return told


@scenario(fleet=["sleep", "1000"])
def interpreter_none_runs_the_program_itself(app):
    app.native(script="/bin/sleep", interpreter="none", args=["1000"])
    with open(f"/proc/{app.pids()[0]}/cmdline", encoding="utf-8") as file:
        words = file.read().split("\0")[:-1]
    return [os.path.basename(words[0]), *words[1:]]


@scenario(fleet=True)
def user_and_group(app):
    # Root may become anybody; others only what they are.
    name = "nobody" if os.getuid() == 0 else getpass.getuser()
    app.native(script="/bin/sleep", interpreter="none", args=["1000"], cwd="/",
               user=name)
    pid = app.pids()[0]
    return (os.stat(f"/proc/{pid}").st_uid == (
        65534 if name == "nobody" else os.getuid()) and
            environ(pid)["USER"] == name)


@scenario(fleet=["shop-fields-production"])
def name_prefix_and_append_env_to_name(app):
    app.write("ecosystem.json", json.dumps({"apps": [{
        "name": "fields", "name_prefix": "shop-", "append_env_to_name": True,
        "script": "/bin/sleep", "interpreter": "none", "args": "1000",
        "env_production": {}}]}))
    app.supervisor.run("start", app.path("ecosystem.json"), "--env",
                       "production")
    return [p["name"] for p in app.supervisor.processes()
            if "fields" in p["name"]]


@scenario(fleet=["web", "worker"])
def a_procfile_is_one_app_a_line(app):
    app.write("Procfile", "web: exec sleep 1000\n# not this\n"
              "worker: NAME=value sleep 1000\n")
    app.supervisor.run("start", app.path("Procfile"))
    return sorted(p["name"] for p in app.supervisor.processes()
                  if p["name"] in ("web", "worker") and alive(p["pid"]))


@scenario(fleet=["online"])
def an_ecosystem_file_may_be_an_es_module(app):
    app.write("ecosystem.config.mjs", app.ecosystem("config.mjs"))
    app.supervisor.run("start", app.path("ecosystem.config.mjs"))
    return app.await_told("start").statuses()


@scenario(fleet=["one", "two"])
def deploy_brings_new_code_to_the_host(app):
    def git(*words, where="origin"):
        subprocess.run(["git", "-c", "user.name=test", "-c",
                        "user.email=test@localhost", "-C", app.path(where),
                        *words], check=True, capture_output=True)

    def commit(word):
        app.write("origin/where.sh", f'echo "0 0 0 {word}" >>"$EVENTS"\n'
                  "exec sleep 1000\n")
        git("add", "where.sh")
        git("commit", "-q", "-m", word)

    os.mkdir(app.path("origin"))
    git("init", "-q", "-b", "main")
    commit("one")
    git("clone", "-q", app.path("origin"), app.path("here"))
    app.write("ecosystem.config.json", json.dumps({
        "apps": [app.spec(script="where.sh", cwd=app.path("here"))],
        "deploy": {"production": {
            "ref": "origin/main", "repo": app.path("origin"),
            "post-deploy": "pm2 startOrReload ecosystem.config.json"}}}))
    app.supervisor.run("start", app.path("ecosystem.config.json"))
    app.await_told("one")
    commit("two")
    app.supervisor.run("reload", app.path("ecosystem.config.json"), "--env",
                       "production")
    return app.await_told("two").told()


# ------------------------------------------------------------- environment

@scenario(fleet=["file", "second", "env", "3000"])
def env_goes_over_env_files_in_their_order(app):
    app.write("first", "A=file\nB=first\nC=first\n")
    app.write("second", "# Comment\nB=second\nC=second\n")
    app.native(env_file=[app.path("first"), app.path("second"),
                         "-" + app.path("missing")],
               env={"C": "env"}, port=3000)
    return variables(app, "A", "B", "C", "PORT")


@scenario(fleet=[["1"], ["2"]])
def env_files_are_read_anew_at_every_start(app):
    app.write("env", "A=1\n")
    app.native(env_file=app.path("env"))
    before = variables(app, "A")
    app.write("env", "A=2\n")
    app.run("restart")
    return [before, variables(app, "A")]


@scenario(fleet=True)
def an_env_file_that_is_missing_stops_the_start(app):
    app.native(env_file=app.path("missing"), restart_delay="10m")
    return "env_file" in app.output and app.path("missing") in app.output


@scenario(fleet=["app-fleet_tells_a_worker_who_it_is", "0", "host", None])
def fleet_tells_a_worker_who_it_is(app):
    # HOST_SECRET is a variable of the caller's.
    app.supervisor.env["HOST_SECRET"] = "1"
    app.native()
    return variables(app, "FLEET_APP", "FLEET_INSTANCE", "FLEET_HOST",
                     "HOST_SECRET")


# ---------------------------------------------------- readiness and liveness

@scenario(fleet=("launching", "online"))
def readiness_by_a_command(app):
    app.native("--no-wait", readiness={"exec": {
        "command": ["test", "-e", app.path("fine")]}})
    app.await_told("start").await_statuses("launching")
    before = app.statuses()[0]
    app.write("fine", "")
    return before, app.await_statuses("online").statuses()[0]


@scenario(fleet=("launching", "online"))
def readiness_by_http(app):
    app.write("serve.js", "const fs = require('fs');\n"
              "require('http').createServer((_, answer) => {\n"
              "  answer.statusCode = fs.existsSync('fine') ? 204 : 503;\n"
              "  answer.end();\n"
              "}).listen({fd: 3});\n")
    port = app.supervisor.free_port()
    app.native("--no-wait", script=app.path("serve.js"),
               listen=[f"tcp://0.0.0.0:{port}"],
               readiness={"http": {"port": port, "status": 204}})
    app.await_statuses("launching")
    before = app.statuses()[0]
    app.write("fine", "")
    return before, app.await_statuses("online").statuses()[0]


@scenario(fleet=("launching", True))
def readiness_by_tcp_after_its_initial_delay(app):
    app.write("serve.js", "require('fs').appendFileSync(process.env.EVENTS,"
              " `${Date.now()} 0 0 start\\n`);\n"
              "require('net').createServer(s => s.end()).listen({fd: 3});\n")
    port = app.supervisor.free_port()
    app.native("--no-wait", script=app.path("serve.js"),
               listen=[f"tcp://0.0.0.0:{port}"],
               readiness={"tcp": {"port": port}, "initial_delay": "8s"})
    app.await_told("start").await_statuses("launching")
    before = app.statuses()[0]
    app.await_statuses("online")
    # Node needs a moment from its start until it tells of it.
    return before, time.time() * 1000 - app.events()[0][0] >= 3000


@scenario(fleet=["launching", "online", "launching", "online"])
def readiness_and_liveness_by_grpc(app):
    port = app.supervisor.free_port()
    probe = {"grpc": {"port": port, "service": "shop.Cart"},
             "interval": "100ms", "probe_timeout": "5s"}
    app.native("--no-wait", script=HEALTH, cwd=app.dir,
               env={"SERVICE": "shop.Cart"}, listen=[f"tcp://0.0.0.0:{port}"],
               reload="stop-first", restart_delay="0s", readiness=probe,
               liveness={**probe, "failure_threshold": 2})
    seen = []
    for fine, starts in ((False, 1), (True, 1), (False, 2), (True, 2)):
        if fine:
            app.write("fine", "")
        elif starts > 1:
            # It is not ready, and then it is not alive.
            os.remove(app.path("fine"))
        app.await_told("start", starts)
        app.await_statuses("online" if fine else "launching")
        seen.append(app.statuses()[0])
    return seen


@scenario(fleet=("launching", "NOT_FOUND"))
def grpc_asks_about_the_service_that_is_named(app):
    port = app.supervisor.free_port()
    app.write("fine", "")
    app.native("--no-wait", script=HEALTH, cwd=app.dir,
               env={"SERVICE": "shop.Cart"}, listen=[f"tcp://0.0.0.0:{port}"],
               readiness={"grpc": {"port": port, "service": "shop.Till"}})
    shown = lambda: app.run("show")[1]
    await_that(lambda: "NOT_FOUND" in shown(), shown)
    return app.statuses()[0], re.search("NOT_FOUND", shown()).group()


# ------------------------------------------- what a worker says of itself

@scenario(fleet=["online", "launching", "online"])
def reloading_is_not_ready_until_the_next_ready(app):
    app.native(script=NOTIFY, readiness={"notify": True},
               args=["READY=1", "RELOADING=1", "READY=1"])
    seen = []
    for status in ("online", "launching", "online"):
        app.await_statuses(status)
        seen.append(status)
        app.run("signal", "SIGUSR1")
    return seen


@scenario(fleet="launching")
def stopping_is_never_ready_again(app):
    app.native(script=NOTIFY, readiness={"notify": True},
               args=["READY=1", "STOPPING=1\nREADY=1\nSTATUS=all is said"])
    app.await_statuses("online")
    app.run("signal", "SIGUSR1")
    shown = lambda: app.run("show", "-o", "json")[1]
    await_that(lambda: "all is said" in shown(), shown)
    return app.statuses()[0]


@scenario(fleet=["start", "EXTEND_TIMEOUT_USEC=60000000", "READY=1"])
def extend_timeout_is_more_time_to_get_ready(app):
    app.native(script=NOTIFY, readiness={"notify": True}, listen_timeout="5s",
               args=["EXTEND_TIMEOUT_USEC=60000000", "READY=1"],
               env={"SAYS_ALL_AFTER": 6000})
    return app.await_told("READY=1").await_statuses("online").told()


@scenario(fleet=["start", "", "SIGTERM", "EXTEND_TIMEOUT_USEC=60000000", "end"])
def extend_timeout_is_more_time_to_end(app):
    app.native(script=NOTIFY, kill_timeout="3s", args=[""],
               env={"LAST_WORD": "EXTEND_TIMEOUT_USEC=60000000",
                    "ENDS_AFTER": 4000})
    app.await_told("")
    app.run("stop")
    return app.told()


@scenario(fleet=(True, ["start", "", "WATCHDOG=trigger", "SIGTERM", "start"]))
def watchdog_trigger_ends_a_worker_that_is_fed(app):
    app.native(script=NOTIFY, liveness={"watchdog": "1h"},
               args=["", "WATCHDOG=trigger"])
    app.await_told("").await_statuses("online")
    app.run("signal", "SIGUSR1")
    app.await_told("start", 2)
    shown = lambda: app.run("show")[1]
    await_that(lambda: "unhealthy: " in shown(), shown)
    return "it said WATCHDOG=trigger" in shown(), app.told()[:5]


# ------------------------------------------------------------------ liveness

@scenario(fleet=["start", "start"])
def liveness_by_a_command(app):
    app.write("fine", "")
    app.native(kill_timeout="200ms", env={"DEAF": 1}, liveness={
        "exec": {"command": ["test", "-e", app.path("fine")]},
        "interval": "100ms", "failure_threshold": 2})
    app.await_told("start")
    os.remove(app.path("fine"))
    app.await_told("start", 2)
    app.write("fine", "")
    return [what for what in app.told() if what == "start"][:2]


@scenario(fleet=True)
def readiness_takes_as_many_good_probes_as_asked(app):
    app.native(readiness={
        "exec": {"command": ["bash", "-c", 'echo "0 0 0 good" >>"$EVENTS"']},
        "interval": "50ms", "success_threshold": 3})
    return app.told().count("good") >= 3


@scenario(fleet=True)
def readiness_is_lost_after_as_many_bad_probes_as_asked(app):
    app.write("fine", "")
    look = 'test -e fine || { echo "0 0 0 bad" >>"$EVENTS"; exit 1; }'
    app.native(readiness={"exec": {"command": ["bash", "-c", look]},
                          "interval": "50ms", "failure_threshold": 5})
    app.await_statuses("online")
    os.remove(app.path("fine"))
    return app.await_statuses("launching").told().count("bad") >= 5


@scenario(fleet=True)
def liveness_is_looked_at_after_its_initial_delay(app):
    look = 'echo "$(date +%s%3N) 0 0 look" >>"$EVENTS"'
    app.native(wait_ready=True, env={"READY_AFTER": 0}, liveness={
        "exec": {"command": ["bash", "-c", look]}, "interval": "100ms",
        "initial_delay": "2s"})
    app.await_told("look")
    first = {what: ms for ms, _, _, what in reversed(app.events())}
    return first["look"] - first["ready"] >= 2000


@scenario(fleet=True)
def one_good_probe_may_not_end_a_series_of_bad_ones(app):
    every_other = "if [ -e t ]; then rm t; else touch t; exit 1; fi"
    app.native(kill_timeout="200ms", liveness={
        "exec": {"command": ["bash", "-c", every_other]}, "interval": "50ms",
        "success_threshold": 2, "failure_threshold": 3})
    return bool(app.await_told("start", 2))


@scenario(fleet=(True, True))
def liveness_replaces_a_worker_that_hangs(app):
    port = app.supervisor.free_port()
    app.native(env={"LISTEN": port}, exec_mode="cluster", kill_timeout="200ms",
               liveness={"http": {"port": port, "path": "/live",
                                  "status": 200}, "interval": "100ms",
                         "probe_timeout": "2s", "failure_threshold": 2})
    hung = app.pids()[0]
    os.kill(hung, signal.SIGSTOP)
    app.await_told("listening", 2)
    await_that(lambda: app.restarts() >= 1 and not alive(hung), app.processes)
    return app.restarts() >= 1, hung not in app.pids()


@scenario(fleet=(True, True))
def liveness_by_tcp(app):
    port = app.supervisor.free_port()
    app.native(env={"LISTEN": port}, exec_mode="cluster", kill_timeout="200ms",
               liveness={"tcp": {"port": port}, "interval": "100ms",
                         "probe_timeout": "2s", "failure_threshold": 2})
    hung = app.pids()[0]
    os.kill(hung, signal.SIGSTOP)
    app.await_told("listening", 2)
    await_that(lambda: not alive(hung), app.processes)
    return app.restarts() >= 1, hung not in app.pids()


@scenario(fleet=True)
def a_watchdog_that_is_not_fed_ends_the_worker(app):
    app.native(liveness={"watchdog": "1500ms", "failure_threshold": 1})
    return bool(app.await_told("start", 2))


@scenario(fleet=["db ready", "web start"])
def depends_on_waits_until_the_other_is_available(app):
    db, web = app.sibling("db"), app.sibling("web")
    specs = [one.spec(**fields) for one, fields in (
        (web, {"depends_on": [db.name]}),
        (db, {"wait_ready": True, "env": {"READY_AFTER": 500}}))]
    app.write("fleet.json", json.dumps({"apps": specs}))
    app.supervisor.run("apply", app.path("fleet.json"), "--min-ready-time", "0")
    web.await_told("start")
    order = [(ms, what) for ms, what in (
        *((e[0], f"db {e[3]}") for e in db.events()),
        *((e[0], f"web {e[3]}") for e in web.events()))]
    return [what for _, what in sorted(order) if what != "db start"]


# ------------------------------------------------------------------ stopping

@scenario(fleet={"SIGTERM": ["start", "SIGTERM", "exit 0"],
                 "SIGUSR2": ["start", "SIGUSR2"]})
def stop_signal_is_sigterm_or_what_is_said(app):
    told = {}
    for name, fields in (("SIGTERM", {}),
                         ("SIGUSR2", {"stop_signal": "SIGUSR2",
                                      "kill_timeout": "200ms"})):
        one = app.sibling(name.lower())
        one.native(**fields).await_told("start")
        one.run("stop")
        told[name] = one.told()
    return told


@scenario(fleet=["start", "ready", "start", "ready", "SIGTERM", "exit 0"])
def reload_may_surge_without_a_socket(app):
    app.native(reload="surge", wait_ready=True, env={"READY_AFTER": 0})
    app.run("reload")
    return app.await_told("exit 0").told()


@scenario(fleet={True: True, False: False})
def graceful_drain_is_a_preload_of_node(app):
    preloaded = {}
    for drains in (True, False):
        one = app.sibling(str(drains))
        one.native(exec_mode="cluster", graceful_drain=drains,
                   env={"LISTEN": app.supervisor.free_port()})
        with open(f"/proc/{one.pids()[0]}/cmdline", encoding="utf-8") as file:
            preloaded[drains] = "drain_preload.js" in file.read()
    return preloaded


# -------------------------------------------------------------------- limits

@scenario(fleet=True)
def memory_max_ends_what_takes_more_and_says_so(app):
    app.write("take.py", "import os, time\n"
              "with open(os.environ['EVENTS'], 'a') as events:\n"
              "    events.write('0 0 0 start\\n')\n"
              "if not os.path.exists('once'):\n"
              "    open('once', 'w').close()\n"
              "    taken = b'x' * (300 << 20)\n"
              "time.sleep(1000)\n")
    app.native(script="take.py", limits={"memory_max": "100M"})
    app.await_told("start", 2)
    shown = lambda: app.run("show")[1]
    # Without a cgroup it is Python that is refused the memory.
    why = ("SIGKILL: out of memory, over limits.memory_max 100 MB"
           if "memory_max 100 MB: cgroup" in shown() else "exit code 1")
    return bool(await_that(lambda: why in shown(), shown))


@scenario(fleet=True)
def pids_is_how_many_processes_there_may_be(app):
    app.write("fork.py", "import os, time\n"
              "main, n = os.getpid(), 0\n"
              "try:\n"
              "    while n < 40 and os.fork():\n"
              "        n += 1\n"
              "except OSError:\n"
              "    pass\n"
              "if os.getpid() == main:\n"
              "    with open(os.environ['EVENTS'], 'a') as events:\n"
              "        events.write(f'0 0 0 {n}\\n')\n"
              "time.sleep(1000)\n")
    app.native(script="fork.py", limits={"pids": 8})
    await_that(app.told, app.processes)
    most = 40 if "pids 8: not kept" in app.run("show")[1] else 7
    return int(app.told()[0]) <= most


# ------------------------------------------------------------------ rollouts

@scenario(fleet=3)
def each_deadline_of_a_rollout_fails_it(app):
    reasons = {"step_deadline": "has not finished its step within 1s",
               "progress_deadline": "no host has finished for 1s",
               "total_deadline": "it has taken longer than 1s"}
    apps = {name: app.sibling(name) for name in reasons}
    for name, one in apps.items():
        one.native("--no-wait", readiness={"exec": {"command": ["false"]}},
                   listen_timeout="1h", rollout={name: "1s"})
    for name, one in apps.items():
        status = lambda one=one: app.supervisor.run("rollout", "status",
                                                    one.name)[1]
        await_that(lambda: reasons[name] in status(), status)
    return len(apps)


@scenario(fleet=True)
def max_flaps_is_how_often_readiness_may_drop(app):
    app.native("--no-wait", "--min-ready-time", "1h", script=NOTIFY,
               readiness={"notify": True}, rollout={"max_flaps": 0},
               args=["READY=1", "RELOADING=1"])
    app.await_told("READY=1").await_statuses("online")
    app.run("signal", "SIGUSR1")
    shown = lambda: app.run("show")[1]
    return bool(await_that(
        lambda: "was ready and then not, once before" in shown(), shown))


# ------------------------------------------------------------------ the host

@scenario(fleet={"slot": 2, "shared": 1})
def socket_sharing_is_a_socket_each_or_one_for_all(app):
    sockets = {}
    for kind in ("slot", "shared"):
        one = app.sibling(kind)
        one.native(script="/bin/sleep", interpreter="none", args=["1000"],
                   listen=[f"tcp://0.0.0.0:{app.supervisor.free_port()}"],
                   socket_sharing=kind, instances=2)
        sockets[kind] = len({os.readlink(f"/proc/{pid}/fd/3")
                             for pid in one.pids()})
    return sockets


@scenario(fleet=["a", "c"])
def cron_restart_goes_by_its_time_zone(app):
    zone = zoneinfo.ZoneInfo("Asia/Tokyo")
    hour = datetime.datetime.now(zone).hour
    now, other = f"{hour},{(hour + 1) % 24}", f"{(hour + 12) % 24}"
    apps = {}
    for name, hours, fields in (
            ("a", now, {"cron_time_zone": "Asia/Tokyo"}),
            ("b", other, {"cron_time_zone": "Asia/Tokyo"}),
            ("c", "*", {"cron_time_zone": "UTC"})):
        apps[name] = app.sibling(name)
        apps[name].native(cron_restart=f"*/2 * {hours} * * *", **fields)
    apps["a"].await_told("start", 2)
    apps["c"].await_told("start", 2)
    return [name for name, one in apps.items()
            if one.told().count("start") >= 2]


# ---------------------------------------------------------------------- logs

@scenario(fleet=(True, True, 3))
def logs_rotate_by_size_and_lose_no_line(app):
    count = 2000
    app.write("talk.sh", f"for i in $(seq {count}); do echo line-$i; done\n"
              "exec sleep 1000")
    app.native(script=app.path("talk.sh"), out_file=app.path("log/o.log"),
               log_max_size="4K", log_max_files=2)
    names = ["log/o.log.2", "log/o.log.1", "log/o.log"]
    await_that(lambda: f"line-{count}\n" in app.read(names[-1]),
               lambda: app.read(names[-1]))
    kept = "".join(app.read(name) for name in names)
    lines = kept.split("\n")[:-1]
    # The newest lines, in their order, none torn.
    whole = lines == [f"line-{i}" for i in
                      range(count - len(lines) + 1, count + 1)]
    small = all(os.path.getsize(app.path(name)) <= 4096 for name in names)
    return whole, small, len(os.listdir(app.path("log")))


@scenario(fleet=["0", "1"])
def every_instance_has_log_files_of_its_own(app):
    app.write("talk.sh", "echo $FLEET_INSTANCE\nexec sleep 1000")
    app.native(script=app.path("talk.sh"), instances=2,
               out_file=app.path("log/o%i.log"))
    read = lambda: [app.read(f"log/o{i}.log").strip() for i in (0, 1)]
    await_that(lambda: all(read()), read)
    return read()


if __name__ == "__main__":
    run_scenarios(Fleet)
