"""Measures Fleet beside its peers and prints ratios. Run by tests/bench/run."""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time

from bench_fleet import (BIN, PATIENCE, Fleet, Floor, Pm2, Records, await_gone,
                         now_ns, pss_kb, rss_kb)

RAW = {}
TABLE = []


def row(what, fleet, peer, ratio, bar):
    TABLE.append((what, fleet, peer, ratio, bar))
    print(f"{what:46} {fleet:>16} {peer:>22} {ratio:>8} {bar:>18}", flush=True)


def keep(name, value):
    RAW[name] = value


def median_ms(values):
    return statistics.median(values) / 1e6


# ------------------------------------------------------ supervision

# A worker that ends before this age is never restarted at once for long.
STABLE_S = 0.12


def crash_times(pid, records, count):
    """Nanoseconds from SIGKILL of the worker to its successor's main()."""
    times = []
    for _ in range(count):
        time.sleep(STABLE_S)
        records.clear()
        start = now_ns()
        os.kill(pid, signal.SIGKILL)
        (pid, began), = records.await_count(1)
        times.append(began - start)
    return times


def bench_crash(count=100):
    with Fleet() as fleet:
        records = Records(fleet.dir)
        fleet.apply(name="native", script=f"{BIN}/bench_worker",
                    interpreter="none", args=[records.path], min_uptime=0,
                    max_restarts=100000, rollout={"min_ready_time": 0})
        (pid, _), = records.await_count(1)
        ours = crash_times(pid, records, count)
        floor_records = Records(fleet.dir)
        with Floor(1, floor_records):
            (pid, _), = floor_records.await_count(1)
            floor = crash_times(pid, floor_records, count)
    with Pm2() as pm2:
        records = Records(pm2.dir)
        pm2.start(name="native", script=f"{BIN}/bench_worker",
                  exec_interpreter="none", args=[records.path], min_uptime=0,
                  max_restarts=100000)
        (pid, _), = records.await_count(1)
        theirs = crash_times(pid, records, 50)
    keep("crash_to_main_ns", {"fleet": ours, "floor": floor, "pm2": theirs})
    ours, floor, theirs = map(median_ms, (ours, floor, theirs))
    row("crash → main(), median", f"{ours:.2f} ms", f"floor {floor:.2f} ms",
        f"{ours / floor:.2f}", "≤ 1.25")
    row("", "", f"PM2 {theirs:.2f} ms", f"{ours / theirs:.2f}", "")


def fleet_hundred(rounds):
    times = {"start": [], "start_whole": [], "reload": [], "stop": []}
    with Fleet() as fleet:
        for _ in range(rounds):
            records = Records(fleet.dir)
            start = now_ns()
            spec = dict(name="hundred", script=f"{BIN}/bench_worker",
                        interpreter="none", args=[records.path], instances=100,
                        reload="surge",
                        rollout={"min_ready_time": 0})
            fleet.apply(**spec)
            whole = (now_ns() - start) / 1e6
            mains = records.await_count(100)
            times["start"].append((max(t for _, t in mains) - start) / 1e6)
            times["start_whole"].append(whole)
            records.clear()
            start = now_ns()
            fleet.ctl("reload", "hundred")
            times["reload"].append((now_ns() - start) / 1e6)
            pids = [pid for pid, _ in records.await_count(100)]
            start = now_ns()
            stop = subprocess.Popen([f"{BIN}/fleetctl", "--controller",
                                     fleet.address, "stop", "hundred"],
                                    stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
            times["stop"].append(await_gone(pids, start))
            stop.wait(PATIENCE)
            fleet.ctl("delete", "hundred")
    return times


def floor_hundred(rounds, folder):
    times = {"start": [], "stop": []}
    for _ in range(rounds):
        records = Records(folder)
        floor = Floor(100, records)
        mains = records.await_count(100)
        times["start"].append((max(t for _, t in mains) - floor.start_ns) / 1e6)
        start = now_ns()
        floor.process.send_signal(signal.SIGTERM)
        times["stop"].append(await_gone([pid for pid, _ in mains], start))
        floor.process.wait(PATIENCE)
    return times


def pm2_hundred():
    times = {}
    with Pm2() as pm2:
        records = Records(pm2.dir)
        start = now_ns()
        pm2.start(name="hundred", script=f"{BIN}/bench_worker",
                  exec_interpreter="none", args=[records.path], instances=100,
                  exec_mode="fork")
        times["start"] = (now_ns() - start) / 1e6
        records.await_count(100)
        start = now_ns()
        pm2.run("reload", "hundred")
        times["reload"] = (now_ns() - start) / 1e6
        lists = []
        for _ in range(5):
            start = now_ns()
            pm2.run("list")
            lists.append((now_ns() - start) / 1e6)
        times["list"] = statistics.median(lists)
        times["daemon_rss_mb"] = rss_kb(pm2.daemon_pid()) / 1024
        start = now_ns()
        pm2.run("stop", "hundred")
        times["stop"] = (now_ns() - start) / 1e6
    return times


def bench_hundred(rounds=5):
    ours = fleet_hundred(rounds)
    with Fleet(0) as scratch:
        floor = floor_hundred(rounds, scratch.dir)
    pm2 = pm2_hundred()
    keep("hundred_ms", {"fleet": ours, "floor": floor, "pm2": pm2})
    mid = statistics.median
    row("start 100, command to last main()", f"{mid(ours['start']):.0f} ms",
        f"floor {mid(floor['start']):.0f} ms",
        f"{mid(ours['start']) / mid(floor['start']):.2f}", "≤ 1.5")
    row("start 100, whole command", f"{mid(ours['start_whole']):.0f} ms",
        f"PM2 {pm2['start']:.0f} ms",
        f"{mid(ours['start_whole']) / pm2['start']:.2f}", "")
    row("reload 100 one by one", f"{mid(ours['reload']):.0f} ms",
        f"PM2 {pm2['reload']:.0f} ms",
        f"{mid(ours['reload']) / pm2['reload']:.2f}", "≤ 600 ms")
    row("stop 100, command to last gone", f"{mid(ours['stop']):.0f} ms",
        f"floor {mid(floor['stop']):.0f} ms",
        f"{mid(ours['stop']) / mid(floor['stop']):.2f}", "≤ 3")
    row("", "", f"PM2 {pm2['stop']:.0f} ms",
        f"{mid(ours['stop']) / pm2['stop']:.2f}", "")
    bench_memory_and_list(pm2)


def bench_memory_and_list(pm2):
    with Fleet() as fleet:
        records = Records(fleet.dir)
        fleet.apply(name="hundred", script=f"{BIN}/bench_worker",
                    interpreter="none", args=[records.path], instances=100,
                    rollout={"min_ready_time": 0})
        records.await_count(100)
        keeper = fleet.keepers[0].pid
        agent = fleet.agent_pid()
        keeper_rss = rss_kb(keeper) / 1024
        both_pss = (pss_kb(keeper) + pss_kb(agent)) / 1024
        lists = []
        for _ in range(50):
            start = now_ns()
            fleet.ctl("ls")
            lists.append((now_ns() - start) / 1e6)
    keep("memory_mb", {"keeper_rss": keeper_rss, "both_pss": both_pss})
    keep("list_ms", lists)
    row("keeper RSS, 100 workers", f"{keeper_rss:.2f} MB", "", "", "≤ 2 MB")
    row("keeper and agent PSS, 100 workers", f"{both_pss:.1f} MB",
        f"PM2 RSS {pm2['daemon_rss_mb']:.0f} MB",
        f"{both_pss / pm2['daemon_rss_mb']:.2f}", "≤ 12 MB")
    row("list of 100 workers, whole process",
        f"{statistics.median(lists):.1f} ms", f"PM2 {pm2['list']:.0f} ms",
        f"{statistics.median(lists) / pm2['list']:.2f}", "≤ 10 ms")


# --------------------------------------------------------- serving

WEB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bench_web.js")


def wrk(url, seconds, close):
    argv = ["wrk", "-t1", "-c64", f"-d{seconds}s", "--latency"]
    if close:
        argv += ["-H", "Connection: close"]
    text = subprocess.run(argv + [url], capture_output=True, text=True,
                          check=True).stdout
    errors = 0
    for line in text.splitlines():
        if "Socket errors" in line:
            errors += sum(int(n) for n in re.findall(r"\d+", line))
        if "Non-2xx" in line:
            errors += int(re.findall(r"\d+", line)[-1])
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    unit = {"us": 1e-3, "ms": 1.0, "s": 1e3}[p99.group(2)]
    return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
            "p99_ms": float(p99.group(1)) * unit, "errors": errors,
            "served": int(re.search(r"(\d+) requests in", text)[1])}


def bench_serving(seconds=4, rounds=3):
    spec = dict(name="web", script=WEB, exec_mode="cluster", instances=4,
                wait_ready=True)
    results = {"fleet": [], "pm2": []}
    # In turns, so that both see the same machine.
    for _ in range(rounds):
        with Fleet() as fleet:
            fleet.apply(**spec, rollout={"min_ready_time": 0})
            url = "http://127.0.0.11:3900/"
            results["fleet"].append({"close": wrk(url, seconds, True),
                                     "keep": wrk(url, seconds, False)})
        with Pm2() as pm2:
            pm2.start(**spec)
            url = "http://127.0.0.1:3900/"
            results["pm2"].append({"close": wrk(url, seconds, True),
                                   "keep": wrk(url, seconds, False)})
    keep("serving", results)

    def mid(who, mode, field):
        return statistics.median(r[mode][field] for r in results[who])
    for mode, name, bar in (("close", "requests/s, one connection each",
                             "≥ 2"), ("keep", "requests/s, keep-alive",
                                      "≥ 1.2")):
        ours, theirs = mid("fleet", mode, "rate"), mid("pm2", mode, "rate")
        row(name, f"{ours:.0f}", f"PM2 {theirs:.0f}", f"{ours / theirs:.2f}",
            bar)
        ours, theirs = mid("fleet", mode, "p99_ms"), mid("pm2", mode, "p99_ms")
        row("  its p99", f"{ours:.1f} ms", f"PM2 {theirs:.1f} ms",
            f"{ours / theirs:.2f}", "≤ 1" if mode == "keep" else "")


def start_wrk(url, seconds, close):
    argv = ["wrk", "-t1", "-c16", f"-d{seconds}s", "--latency"]
    if close:
        argv += ["-H", "Connection: close"]
    return subprocess.Popen(argv + [url], stdout=subprocess.PIPE, text=True)


def failed_and_served(process):
    text = process.communicate()[0]
    failed = sum(int(n) for line in text.splitlines()
                 if "Socket errors" in line for n in re.findall(r"\d+", line))
    failed += sum(int(re.findall(r"\d+", line)[-1])
                  for line in text.splitlines() if "Non-2xx" in line)
    return failed, int(re.search(r"(\d+) requests in", text)[1])


def reloads_under_load(fleet, close, count):
    seconds = 600
    loads = [start_wrk(f"http://127.0.0.{10 + i}:3900/", seconds, close)
             for i in (1, 2, 3)]
    times = []
    for _ in range(count):
        start = now_ns()
        fleet.ctl("reload", "web", "--min-ready-time", "0")
        times.append((now_ns() - start) / 1e6)
    failed = served = 0
    for load in loads:
        load.send_signal(signal.SIGINT)
    for load in loads:
        f, s = failed_and_served(load)
        failed, served = failed + f, served + s
    return failed, served, times


def bench_reload(count=20):
    result = {}
    with Fleet(3) as fleet:
        for name, script in (("graceful", WEB),
                             ("bare server.close()",
                              WEB.replace(".js", "_naive.js"))):
            fleet.apply(name="web", script=script, exec_mode="cluster",
                        instances=4, wait_ready=True, stop_signal="SIGINT",
                        rollout={"min_ready_time": 0})
            for close in (True, False):
                failed, served, times = reloads_under_load(fleet, close, count)
                mode = "close" if close else "keep-alive"
                result[f"{name}, {mode}"] = {"failed": failed,
                                             "served": served, "ms": times}
                row(f"{count} fleet reloads, {name}, {mode}",
                    f"{failed} failed", f"of {served}", "",
                    "0" if close or script == WEB else "")
    keep("reload_under_load", result)


def bench_overhead(rounds=5):
    """A rollout over three hosts against three times one host's own reload."""
    spec = dict(name="web", script=WEB, exec_mode="cluster", instances=4,
                wait_ready=True, rollout={"min_ready_time": 0})
    times = {"one": [], "three": []}
    with Fleet(3) as fleet:
        fleet.apply(**spec)
        for _ in range(rounds):
            for host in ("host-1", "host-2", "host-3"):
                start = now_ns()
                fleet.ctl("reload", "web", "--hosts", host)
                times["one"].append((now_ns() - start) / 1e6)
            start = now_ns()
            fleet.ctl("reload", "web")
            times["three"].append((now_ns() - start) / 1e6)
    keep("overhead_ms", times)
    one = statistics.median(times["one"])
    three = statistics.median(times["three"])
    row("reload of 3 hosts / 3 × one host's", f"{three:.0f} ms",
        f"3 × {one:.0f} ms", f"{three / (3 * one):.2f}", "≤ 1.1")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bench_thousand(seconds=30):
    """1,000 idle workers on one host: their start, and what the agent costs
    while nothing happens but its samples (every 2 s)."""
    with Fleet() as fleet:
        records = Records(fleet.dir)
        start = now_ns()
        fleet.apply(name="many", script=f"{BIN}/bench_worker",
                    interpreter="none", args=[records.path], instances=1000,
                    rollout={"min_ready_time": 0})
        mains = records.await_count(1000)
        ours = (max(t for _, t in mains) - start) / 1e6
        floor_records = Records(fleet.dir)
        with Floor(1000, floor_records) as bare:
            mains = floor_records.await_count(1000)
            floor = (max(t for _, t in mains) - bare.start_ns) / 1e6
        agent = fleet.agent_pid()
        time.sleep(5)
        before = cpu_seconds(agent)
        time.sleep(seconds)
        share = (cpu_seconds(agent) - before) / seconds * 100
        rss = rss_kb(agent) / 1024
    keep("thousand", {"start_ms": ours, "floor_ms": floor,
                      "agent_cpu_percent": share, "agent_rss_mb": rss})
    row("start 1,000 native workers", f"{ours:.0f} ms", f"floor {floor:.0f} ms",
        f"{ours / floor:.2f}", "≤ 1.5")
    row("agent RSS with 1,000 workers", f"{rss:.1f} MB", "", "", "≤ 60 MB")
    row("agent CPU, 1,000 idle workers sampled", f"{share:.2f} % of a core", "",
        "", "< 1 %")


def bench_monit():
    """One question of monit, of 100 hosts with 100 workers each."""
    cost = json.loads(subprocess.run([f"{BIN}/monit_cost"], check=True,
                                     capture_output=True, text=True).stdout)
    keep("monit", cost)
    row("monit, a question about 10,000 workers",
        f"{cost['controller_ms']:.1f} ms", f"{cost['answer_kb']:.0f} KB", "",
        "≤ 20 ms")
    row("monit, drawing the answer", f"{cost['viewer_ms']:.1f} ms", "", "", "")


def binds(fleet, name, **spec):
    """Nanoseconds of a bind() to port 3901, to any port, of another call."""
    path = f"{fleet.dir}/{name}"
    fleet.apply(name=name, script=f"{BIN}/bench_binds", interpreter="none",
                args=[path, "3901"], rollout={"min_ready_time": 0}, **spec)
    end = time.monotonic() + PATIENCE
    while not os.path.exists(path) or os.path.getsize(path) == 0:
        if time.monotonic() > end:
            raise TimeoutError("bench_binds does not end")
        time.sleep(0.05)
    time.sleep(0.1)
    with open(path) as f:
        values = [float(line) for line in f]
    fleet.ctl("delete", name)
    return values


def bench_takeover(rounds=3):
    """What socket takeover costs the program that is taken over."""
    plain, taken = [], []
    with Fleet() as fleet:
        for i in range(rounds):
            plain.append(binds(fleet, f"plain{i}"))
            taken.append(binds(fleet, f"taken{i}", takeover=True,
                               listen=["tcp://0.0.0.0:3901"]))
    keep("takeover_ns", {"plain": plain, "taken": taken})
    mid = [[statistics.median(run[i] for run in runs) for i in range(3)]
           for runs in (plain, taken)]
    for i, what in enumerate(("bind() to a declared address, taken over",
                              "bind() to another one, under takeover",
                              "any other system call, under takeover")):
        ours, theirs = mid[1][i], mid[0][i]
        row(what, f"{ours:.0f} ns", f"without {theirs:.0f} ns",
            f"{ours / theirs:.2f}", "")


# ------------------------------------------------------------------ scale

def reload_thousand(hosts=1000, rounds=3):
    """Seconds that a reload of so many light agents takes, 100 at a time."""
    times = []
    with Fleet(0) as fleet:
        read, write = os.pipe()
        agents = fleet.start([f"{BIN}/scale_agents", fleet.address,
                              str(hosts)], stdout=write)
        os.close(write)
        if os.read(read, 6) != b"ready\n":
            raise RuntimeError("the light agents did not connect")
        fleet.apply(name="web", script="/srv/web", interpreter="none",
                    cwd="/", instances=2, exec_mode="cluster",
                    rollout={"min_ready_time": 0, "max_parallel": 100})
        for _ in range(rounds):
            start = now_ns()
            fleet.ctl("reload", "web")
            times.append((now_ns() - start) / 1e9)
        agents.kill()
        os.close(read)
    return times


def bench_scale():
    out = subprocess.run([f"{BIN}/scale_plan"], check=True,
                         capture_output=True, text=True).stdout
    plan = json.loads(out)
    keep("scale_plan", plan)
    worst = max(p["worst_plan_ms"] for p in plan.values())
    row("one planning over 10,000 hosts, worst", f"{worst:.2f} ms", "", "",
        "≤ 5 ms")
    for parallel, p in plan.items():
        row(f"10,000 simulated hosts, {parallel} at a time",
            f"{p['seconds']:.1f} s", f"{p['commits_per_host']:.2f} commits/host",
            "", "seconds")
    times = reload_thousand()
    keep("reload_thousand_s", times)
    row("reload of 1,000 light agents, 100 at a time",
        f"{statistics.median(times):.1f} s", "", "", "≤ 15 s")


BENCHES = {"thousand": bench_thousand, "crash": bench_crash,
           "hundred": bench_hundred,
           "serving": bench_serving, "reload": bench_reload,
           "overhead": bench_overhead, "monit": bench_monit,
           "takeover": bench_takeover, "scale": bench_scale}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", required=True, help="file for raw numbers")
    parser.add_argument("benches", nargs="*", metavar="BENCH",
                        help=f"of {', '.join(BENCHES)}; default: all")
    args = parser.parse_args()
    print(f"{'what':46} {'Fleet':>16} {'peer':>22} {'ratio':>8} {'bar':>18}")
    for name in args.benches or BENCHES:
        BENCHES[name]()
        with open(args.raw, "w") as f:
            json.dump({"time": time.time(), "cores": os.cpu_count(),
                       "table": TABLE, "raw": RAW}, f, indent=1)
    print(f"raw numbers: {args.raw}")


if __name__ == "__main__":
    sys.exit(main())
