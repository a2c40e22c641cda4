#!/usr/bin/env python3
"""The same small app, file and commands under PM2 and under Fleet.

Each scenario runs under both, all of them at once, and returns what was
observed. It must be what is written here, literally: `both`, or where Fleet
differs on purpose, `pm2` and `fleet` and why. Times are compared with nothing
but what they may not fall below, and with far too much.

  pm2_parity_test.py [SCENARIO…]    these only; prints both observations
"""

import json
import os
import re
import signal
import time

from scenarios import run_scenarios, scenario
from supervisors import (LIFECYCLE, PATIENCE, Fleet, Pm2, alive,
                         await_that)

CORES = len(os.sched_getaffinity(0))


# ------------------------------------------------- readiness and reload

SURGE = ["start", "listening", "start", "listening", "SIGINT", "exit 0"]
SURGE_READY = ["start", "listening", "ready", "start", "listening", "ready",
               "SIGINT", "exit 0"]
STOP_FIRST = ["start", "SIGINT", "exit 0", "start"]


@scenario(both=SURGE)
def reload_of_a_cluster_waits_until_the_new_worker_listens(app):
    app.start(exec_mode="cluster", env={"LISTEN": 0}).await_told("listening")
    app.run("reload")
    return app.await_told("exit 0").told()


@scenario(both=SURGE_READY)
def with_wait_ready_reload_waits_for_the_message(app):
    app.start(exec_mode="cluster", wait_ready=True,
              env={"LISTEN": 0, "READY_AFTER": 300}).await_told("ready")
    app.run("reload")
    return app.await_told("exit 0").told()


@scenario(pm2=(True, True, "new"), fleet=(False, False, "old"),
          because="a worker that is not ready in time has failed")
def a_worker_that_never_gets_ready(app):
    app.start(exec_mode="cluster", wait_ready=True, listen_timeout=10000,
              env={"LISTEN": 0, "READY_AFTER": 0, "READY_ONCE": 1})
    app.await_told("ready").await_statuses("online")
    old = app.events()[0][1]
    code, _ = app.run("reload")
    asked_to_stop = any(pid == old and what == "SIGINT"
                        for _, pid, _, what in app.events())
    await_that(lambda: len(app.pids()) == 1, app.pids)
    return code == 0, asked_to_stop, "old" if app.pids() == [old] else "new"


@scenario(both=STOP_FIRST)
def reload_in_fork_mode_is_a_restart(app):
    app.start().await_told("start")
    app.run("reload")
    return app.await_told("start", 2).told()


@scenario(both=STOP_FIRST)
def restart_stops_first(app):
    app.start().await_told("start")
    app.run("restart")
    return app.await_told("start", 2).told()


@scenario(pm2=1, fleet=0, because="restarts counts what ended by itself, "
          "not what somebody ordered")
def restarts_that_were_ordered(app):
    app.start().await_told("start")
    app.run("restart")
    return app.await_statuses("online").restarts()


@scenario(both=[SURGE, SURGE])
def reload_of_a_file_takes_up_new_code(app):
    # The file is the same: what has changed is the program.
    told = []
    for word in ("reload", "startOrReload"):
        one = app.sibling(word)
        path = one.file(exec_mode="cluster", env={"LISTEN": 0})
        app.supervisor.run("startOrReload", path)
        one.await_told("listening").await_statuses("online")
        app.supervisor.run(word, path)
        told.append(one.await_told("exit 0").told())
    return told


@scenario(both=STOP_FIRST)
def start_or_restart_of_a_file(app):
    path = app.file()
    app.supervisor.run("startOrRestart", path)
    app.await_told("start").await_statuses("online")
    app.supervisor.run("startOrRestart", path)
    return app.await_told("start", 2).told()


@scenario(pm2=True, fleet=False,
          because="start is for what does not run; what runs as the file says "
          "is left alone, and reload FILE is for new code")
def start_of_a_file_whose_app_runs(app):
    app.start().await_told("start").await_statuses("online")
    app.start()
    return "SIGINT" in app.told()


# ------------------------------------------------------------- stopping

@scenario(both=(["start", "SIGINT", "exit 0"], ["stopped"]))
def stop_is_sigint_and_keeps_the_app(app):
    app.start().await_told("start")
    app.run("stop")
    return app.told(), app.statuses()


@scenario(both=(["start", "SIGINT"], True, True, False))
def kill_timeout_ends_in_sigkill(app):
    app.start(kill_timeout=900, env={"DEAF": 1}).await_told("start")
    pid = app.events()[0][1]
    begin = time.monotonic()
    app.run("stop")
    took = time.monotonic() - begin
    # No "exit" was told: it was killed, and not too early.
    return app.told(), took >= 0.9, took < PATIENCE / 2, alive(pid)


@scenario(both=(["start", "SIGINT"], True, True))
def kill_timeout_of_a_pm2_file_is_1600_ms(app):
    app.start(kill_timeout=None, env={"DEAF": 1}).await_told("start")
    begin = time.monotonic()
    app.run("stop")
    took = time.monotonic() - begin
    return app.told(), took >= 1.6, took < 20


@scenario(both=["start", "message shutdown", "exit 0"])
def shutdown_with_message(app):
    app.start(shutdown_with_message=True).await_told("start")
    app.run("stop")
    return app.told()


@scenario(both=["SIGINT", "child SIGINT", "child start", "exit 0", "start"])
def treekill_signals_the_whole_tree(app):
    # What a program leaves behind when it ends is killed (by Fleet) or left.
    app.start(env={"CHILD": 1, "AWAITS_CHILD": 1}).await_told("child start")
    app.run("stop")
    return sorted(app.await_told("child SIGINT").told())


@scenario(both=(["SIGINT", "child start", "exit 0", "start"], True))
def without_treekill_children_are_left_alone(app):
    app.start(treekill=False, env={"CHILD": 1}).await_told("child start")
    child = next(pid for _, pid, _, what in app.events()
                 if what == "child start")
    app.run("stop")
    lives = alive(child)
    told = sorted(app.told())
    os.kill(child, signal.SIGKILL)
    return told, lives


@scenario(both=(["start", "SIGINT", "exit 0"], [], 1))
def delete_forgets_the_app(app):
    app.start().await_told("start")
    app.run("delete")
    return app.told(), app.statuses(), app.run("stop")[0]


# ------------------------------------------------------------- restarts

@scenario(both=(["start", "exit 3"] * 3, ["errored"], 2))
def max_restarts_unstable_exits_are_the_end(app):
    app.begin(max_restarts=3, min_uptime=60000,
              env={"EXIT_AFTER": 1, "EXIT_CODE": 3})
    app.await_statuses("errored")
    return app.told(), app.statuses(), app.restarts()


@scenario(both=(6, ["errored"]))
def restart_of_what_has_given_up_begins_anew(app):
    app.begin(max_restarts=3, min_uptime=60000,
              env={"EXIT_AFTER": 1, "EXIT_CODE": 3})
    app.await_statuses("errored")
    app.run("restart")
    app.await_told("exit 3", 6).await_statuses("errored")
    return app.told().count("start"), app.statuses()


@scenario(both=True)
def an_exit_after_min_uptime_is_not_counted(app):
    app.begin(min_uptime=100, max_restarts=2,
              env={"EXIT_AFTER": 200, "EXIT_CODE": 1})
    app.await_told("start", 5)
    return "errored" not in app.statuses()


@scenario(both=(["start", "exit 1"], ["waiting restart"]))
def restart_delay_waits(app):
    app.begin(restart_delay=600000, env={"EXIT_AFTER": 1, "EXIT_CODE": 1})
    app.await_statuses("waiting restart")
    return app.told(), app.statuses()


@scenario(both=[True, True, True])
def exp_backoff_restart_delay_grows_by_half(app):
    app.begin(exp_backoff_restart_delay=200,
              env={"EXIT_AFTER": 1, "EXIT_CODE": 1})
    events = app.await_told("start", 4).events()
    ends = [ms for ms, _, _, what in events if what == "exit 1"]
    starts = [ms for ms, _, _, what in events if what == "start"]
    # A timer may be a millisecond early.
    return [start - end >= wait - 2 for end, start, wait in
            zip(ends, starts[1:], (200, 300, 450))]


@scenario(pm2=["waiting restart"], fleet=["errored"],
          because="PM2 overwrites errored with waiting restart and starts it "
          "no more; what has given up must be seen")
def giving_up_shows_where_there_is_a_delay(app):
    app.begin(max_restarts=2, min_uptime=60000, restart_delay=1,
              env={"EXIT_AFTER": 1, "EXIT_CODE": 1})
    app.await_told("exit 1", 2)
    await_that(lambda: app.statuses() in (["waiting restart"], ["errored"]),
               app.statuses)
    return app.statuses()


@scenario(both=(["start", "exit 42"], ["stopped"]))
def stop_exit_codes_end_it_for_good(app):
    app.begin(stop_exit_codes=[41, 42],
              env={"EXIT_AFTER": 1, "EXIT_CODE": 42})
    app.await_told("exit 42").await_statuses("stopped")
    return app.told(), app.statuses()


@scenario(both=(["start", "exit 7"], ["stopped"], [7]))
def without_autorestart_an_exit_is_the_end(app):
    app.begin(autorestart=False, env={"EXIT_AFTER": 1, "EXIT_CODE": 7})
    app.await_told("exit 7").await_statuses("stopped")
    return (app.told(), app.statuses(),
            [p["pm2_env"].get("exit_code") for p in app.processes()])


@scenario(both=(["start", "start"], 1, 0))
def a_killed_worker_is_restarted_and_counted_until_reset(app):
    app.start().await_told("start").await_statuses("online")
    os.kill(app.events()[0][1], signal.SIGKILL)
    app.await_told("start", 2)
    await_that(lambda: app.restarts() == 1, app.processes)
    told, before = app.told(), app.restarts()
    app.run("reset")
    return told, before, app.restarts()


@scenario(pm2=([], ["stopped"], ["stopped"]),
          fleet=([], ["stopped"], ["online"]),
          because="PM2 looks at autostart again, and starts nothing")
def autostart_false_waits_for_start(app):
    app.begin(autostart=False).await_statuses("stopped")
    before, status = app.told(), app.statuses()
    app.run("start")
    return before, status, app.statuses()


# ------------------------------------------------ calendar, files, memory

@scenario(both=STOP_FIRST)
def cron_restart_restarts(app):
    app.start(cron_restart="*/3 * * * * *")
    told = app.await_told("start", 2).told()
    app.run("delete")
    return told[:4]


@scenario(both=["start", "exit 0", "start", "exit 0"])
def cron_restart_starts_what_has_ended(app):
    app.begin(cron_restart="*/3 * * * * *", autorestart=False,
              env={"EXIT_AFTER": 1, "EXIT_CODE": 0})
    told = app.await_told("exit 0", 2).told()
    app.run("delete")
    return told[:4]


@scenario(both=STOP_FIRST)
def watch_restarts_but_not_for_what_is_ignored(app):
    # The file of events changes all the time.
    app.start(watch=True, ignore_watch=["events", "ecosystem.json"])
    app.await_told("start").await_statuses("online")
    app.write("code.js", "new")
    app.await_told("start", 2).await_statuses("online")
    return app.told()


@scenario(both=(STOP_FIRST, True))
def watch_delay_is_waited_for(app):
    os.mkdir(app.path("src"))
    app.start(watch=["src"], watch_delay=700)
    app.await_told("start").await_statuses("online")
    changed = time.time() * 1000
    app.write("src/code.js", "new")
    events = app.await_told("start", 2).events()
    stopped = next(ms for ms, _, _, what in events if what == "SIGINT")
    return app.told(), stopped - changed >= 698


# PM2 looks at nobody's memory until a reload that it has begun for that reason
# is through, whatever becomes of that app.
@scenario(both=STOP_FIRST, alone=True)
def max_memory_restart_in_fork_mode_stops_first(app):
    app.start(max_memory_restart="100M", env={"GROW": 150})
    return app.await_told("start", 2).told()


@scenario(both=SURGE)
def max_memory_restart_of_a_cluster_loses_nothing(app):
    app.start(exec_mode="cluster", max_memory_restart="100M",
              env={"GROW": 150, "LISTEN": 0})
    return app.await_told("exit 0").told()


# ---------------------------------------------------- instances and scale

@scenario(both={"max": CORES, 0: CORES, -1: max(CORES - 1, 1)})
def instances_may_be_all_cores_or_all_but_some(app):
    counts = {}
    for instances in ("max", 0, -1):
        one = app.sibling(str(instances).replace("-", "minus"))
        one.start(exec_mode="cluster", instances=instances, env={"LISTEN": 0})
        counts[instances] = len(one.processes())
        one.run("delete")
    return counts


@scenario(pm2=(["0", "1", "2"], 3, 2, ["1", "2"]),
          fleet=(["0", "1", "2"], 3, 2, ["0", "1"]),
          because="the highest numbers go, so that those that stay are 0 "
          "and up")
def scale_to_a_number(app):
    app.start(exec_mode="cluster", instances=2, env={"LISTEN": 0})
    app.await_told("listening", 2)
    app.run("scale", "3")
    more = len(app.await_told("start", 3).pids())
    app.run("scale", "2")
    app.await_told("exit 0")
    await_that(lambda: len(app.pids()) == 2, app.processes)
    left = app.pids()
    numbers = {pid: number for _, pid, number, _ in app.events()}
    return (sorted(numbers.values()), more, len(left),
            sorted(numbers[pid] for pid in left))


@scenario(pm2=(3, 3), fleet=(3, 1), because="PM2 reads past its list")
def scale_by_a_number(app):
    app.start(exec_mode="cluster", env={"LISTEN": 0}).await_told("listening")
    app.run("scale", "+2")
    more = len(app.await_told("start", 3).pids())
    app.run("scale", "-2")
    return more, len(app.pids())


@scenario(both=["PORT=3000", "PORT=3001", "WORKER=0", "WORKER=1"])
def instance_var_and_increment_var(app):
    app.start(exec_mode="cluster", instances=2, instance_var="WORKER",
              increment_var="PORT",
              env={"LISTEN": 0, "PORT": 3000, "SHOW": "WORKER,PORT"})
    app.await_told("listening", 2)
    return sorted(what for what in app.told() if "=" in what)


# ------------------------------------------------- environment and program

@scenario(both=["PORT=3005"])
def port_is_a_variable(app):
    app.start(port=3005, env={"SHOW": "PORT"})
    await_that(lambda: len(app.told()) == 2, app.told)
    return app.told()[1:]


@scenario(both=["start one two"])
def a_script_with_blanks_is_a_command(app):
    app.start(script=f"node {LIFECYCLE} one two")
    return app.await_told("start one two").told()


@scenario(both=["A=flag", "start one"])
def start_of_a_script_with_flags(app):
    app.supervisor.run("start", LIFECYCLE, "--name", app.name, "--cwd", app.dir,
                       "--kill-timeout", "3000", "--no-autorestart",
                       *app.supervisor.take("EVENTS", "A", "SHOW"),
                       "--", "one", env={"EVENTS": app.events_file,
                                         "A": "flag", "SHOW": "A"})
    await_that(lambda: len(app.told()) == 2, app.told)
    return sorted(app.told())


@scenario(both=65534 if os.getuid() == 0 else os.getuid())
def uid_is_the_user_it_runs_as(app):
    # Only root may become somebody else.
    uid = "nobody" if os.getuid() == 0 else os.getuid()
    app.start(script="/bin/sleep", exec_interpreter="none", args="1000",
              cwd="/", uid=uid)
    return os.stat(f"/proc/{app.pids()[0]}").st_uid


@scenario(both=65534 if os.getuid() == 0 else os.getgid())
def gid_is_the_group_it_runs_as(app):
    gid = "nogroup" if os.getuid() == 0 else os.getgid()
    app.start(script="/bin/sleep", exec_interpreter="none", args="1000",
              cwd="/", uid="nobody" if os.getuid() == 0 else os.getuid(),
              gid=gid)
    return os.stat(f"/proc/{app.pids()[0]}").st_gid


@scenario(both="fork_mode")
def execute_command_is_fork_mode(app):
    app.start(execute_command=True).await_told("start")
    return app.processes()[0]["pm2_env"]["exec_mode"]


@scenario(both=["A=production", "B=base"])
def env_of_a_name_goes_over_env(app):
    app.start("--env", "production", env={"A": "base", "B": "base",
                                          "SHOW": "A,B"},
              env_production={"A": "production"})
    await_that(lambda: len(app.told()) == 3, app.told)
    return app.told()[1:]


@scenario(both=["start one two words", "execArgv=--title=parity"])
def args_and_node_args(app):
    app.start(args=["one", "two words"], node_args="--title=parity",
              env={"SHOW_NODE": 1})
    await_that(lambda: len(app.told()) == 2, app.told)
    return app.told()


@scenario(both={"say.pl": "perl", "say.sh": "bash"})
def the_interpreter_is_chosen_by_the_extension(app):
    programs = {
        "say.pl": 'open(F, ">>", $ENV{EVENTS}); print F "0 $$ 0 perl\\n"; '
                  'close(F); sleep(1000);',
        "say.sh": 'echo "0 $$ 0 ${BASH:+bash}" >>"$EVENTS"; exec sleep 1000'}
    told = {}
    for name, text in programs.items():
        one = app.sibling(name[-2:])
        one.write(name, text)
        one.start(script=one.path(name))
        await_that(one.told, one.statuses)
        told[name] = one.told()[0]
    return told


@scenario(pm2=["A=2", "GONE=1"], fleet=["A=2", "GONE=undefined"],
          because="the file is the truth")
def start_of_a_file_that_has_changed(app):
    env = {"A": 1, "GONE": 1, "SHOW": "A,GONE"}
    app.start(env=env).await_told("GONE=1")
    # PM2 takes the file up with the names of its apps, and merges variables.
    del env["GONE"]
    app.start(env={**env, "A": 2})
    await_that(lambda: len(app.told()) >= 6 and "=" in app.told()[-1],
               app.told)
    return app.told()[-2:]


@scenario(pm2=(1, "lifecycle.js"), fleet=(2, "other.js"),
          because="the file is the truth")
def instances_and_script_that_have_changed(app):
    app.write("other.js", "setInterval(() => {}, 1000);")
    app.start(exec_mode="fork", instances=1).await_told("start")
    app.start(exec_mode="fork", instances=2, script="./other.js")
    await_that(lambda: len(app.pids()) == len(app.processes()), app.processes)
    return len(app.pids()), os.path.basename(
        app.processes()[0]["pm2_env"]["pm_exec_path"])


@scenario(both=(["start", "start"], 2))
def instances_make_a_cluster_that_shares_a_port(app):
    app.start(instances=2, env={"LISTEN": 0}).await_told("listening", 2)
    modes = {p["pm2_env"]["exec_mode"] for p in app.processes()}
    return ([what for what in app.told() if what == "start"],
            len(app.pids()) if modes == {"cluster_mode"} else modes)


@scenario(pm2="online", fleet="launching",
          because="a worker of a cluster that never listens is not known to "
          "be ready; exec_mode fork is for programs that do not listen")
def a_cluster_that_never_listens(app):
    app.begin(exec_mode="cluster").await_told("start")
    return app.statuses()[0]


# --------------------------------------------------------------- log files

@scenario(both=("said\n", "said\n", "said\nsaid\n"))
def out_error_and_combined_log_files(app):
    app.start(out_file="./o.log", error_file="./e.log", log_file="./both.log",
              merge_logs=True, env={"SAY": "said"})
    await_that(lambda: len(app.read("both.log").split()) == 2,
               lambda: app.read("both.log"))
    return app.read("o.log"), app.read("e.log"), app.read("both.log")


@scenario(both={"o": ["said\n"] * 2, "e": ["said\n"] * 2})
def instances_have_log_files_of_their_own(app):
    app.start(instances=2, out_file="./o.log", error_file="./e.log",
              env={"LISTEN": 0, "SAY": "said"}).await_told("listening", 2)
    app.run("stop")
    return {kind: [app.read(name) for name in os.listdir(app.dir)
                   if re.fullmatch(kind + r"-\d+\.log", name)]
            for kind in ("o", "e")}


@scenario(both=["said", "said"])
def merge_logs_is_one_file_for_all(app):
    app.start(instances=2, out_file="./o.log", merge_logs=True,
              env={"LISTEN": 0, "SAY": "said"}).await_told("listening", 2)
    app.run("stop")
    return app.read("o.log").split()


@scenario(both=time.strftime("%Y: said\n"))
def log_date_format_goes_before_each_line(app):
    app.start(out_file="./o.log", merge_logs=True, log_date_format="YYYY",
              env={"SAY": "said"})
    await_that(lambda: app.read("o.log"), lambda: app.read("o.log"))
    return app.read("o.log")


@scenario(both=True)
def time_goes_before_each_line(app):
    app.start(out_file="./o.log", time=True, env={"SAY": "said"})
    await_that(lambda: app.read("o.log"), lambda: app.read("o.log"))
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d: said\n",
                             app.read("o.log")))


@scenario(pm2=({"app_name", "message", "process_id", "timestamp", "type"},
               "said\n", "out"),
          fleet=({"app_name", "message", "process_id", "timestamp", "type",
                  "host"}, "said", "out"),
          because="there are hosts, and a line's end is not part of it")
def log_type_json(app):
    app.start(out_file="./o.log", merge_logs=True, log_type="json",
              env={"SAY": "said"})
    await_that(lambda: app.read("o.log"), lambda: app.read("o.log"))
    line = json.loads(app.read("o.log"))
    return set(line), line["message"], line["type"]


@scenario(both=[False, False])
def disable_logs_writes_none(app):
    app.start(out_file="./o.log", error_file="./e.log", disable_logs=True,
              merge_logs=True, env={"SAY": "said"}).await_told("start")
    app.run("stop")
    return [os.path.exists(app.path(name)) and app.read(name) != ""
            for name in ("o.log", "e.log")]


@scenario(both=(True, False))
def pid_file_while_it_lives(app):
    app.start(pid_file=app.path("app.pid"), instances=2,
              env={"LISTEN": 0}).await_told("listening", 2)
    files = [name for name in os.listdir(app.dir) if name.endswith(".pid")]
    right = sorted(int(app.read(name)) for name in files) == sorted(app.pids())
    app.run("stop")
    return right, any(n.endswith(".pid") for n in os.listdir(app.dir))


# ------------------------------------------------------ names and commands

@scenario(both=["gone", "left"])
def a_namespace_is_a_name_for_its_apps(app):
    gone, left = app.sibling("gone"), app.sibling("left")
    gone.start(namespace="parity-a").await_told("start")
    left.start(namespace="parity-b").await_told("start")
    app.supervisor.run("stop", "parity-a")
    return [word for word, one in (("gone", gone), ("left", left))
            if one.statuses() == [{"gone": "stopped",
                                   "left": "online"}[word]]]


@scenario(both=["start", "SIGUSR2"])
def send_signal(app):
    app.start().await_told("start")
    app.supervisor.run("sendSignal", "SIGUSR2", app.name)
    return app.await_told("SIGUSR2").told()


@scenario(both={"ping": 0, "stop": 1, "restart": 1, "reload": 1, "delete": 1,
                "describe": 1})
def exit_codes_of_commands(app):
    codes = {"ping": app.supervisor.run("ping")[0]}
    for word in ("stop", "restart", "reload", "delete", "describe"):
        codes[word] = app.run(word)[0]
    return codes


@scenario(both=[0, 0, 0])
def commands_with_flags_of_pm2(app):
    app.start().await_told("start")
    return [app.run("restart", "--update-env", "--no-vizion")[0],
            app.run("stop", "-s")[0], app.run("delete", "-f")[0]]


@scenario(pm2=0, fleet=3, because="a start that did not come to serve has "
          "failed, and CI must see it")
def exit_code_of_the_start_of_an_app_that_crashes(app):
    app.write("crash.sh", "exit 3")
    # Ready for as long as is the default, 3 s.
    code, _ = app.supervisor.run(
        "start", app.file(script="./crash.sh", max_restarts=1),
        *app.supervisor.patient)
    return code


@scenario(both=["online"] * 4)
def every_form_of_an_ecosystem_file(app):
    statuses = []
    for form in ("config.js", "config.cjs", "json", "yaml"):
        one = app.sibling(form.replace(".", "-"))
        one.write(f"ecosystem.{form}", one.ecosystem(form))
        one.supervisor.run("start", one.path(f"ecosystem.{form}"))
        statuses += one.await_told("start").statuses()
    return statuses


if __name__ == "__main__":
    run_scenarios(Pm2, Fleet)
