"""Starting, stopping and restarting workers, and what the keeper and the agent
take for it."""

import os
import signal
import statistics
import subprocess
import time

from bench_fleet import (BIN, PATIENCE, Fleet, Floor, Pm2, Records, await_gone,
                         now_ns, pss_kb, rss_kb)
from bench_table import keep, median_ms, row

# A worker that ends before this age is never restarted at once for long.
STABLE_S = 0.12

# After which nothing of a change goes on, and a host has been sampled again.
REST_S = 4


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


class Many:
    """`count` native workers of one app of a fleet, and of the floor."""

    def __init__(self, fleet, count):
        self.fleet = fleet
        self.count = count
        self.records = Records(fleet.dir)
        self.times = {key: [] for key in
                      ("start", "start_whole", "reload", "stop", "stop_whole",
                       "floor_start", "floor_stop", "order")}

    def note(self, key, milliseconds):
        self.times[key].append(milliseconds)

    def start(self):
        self.records.clear()
        begin = now_ns()
        self.fleet.apply(name="many", script=f"{BIN}/bench_worker",
                         interpreter="none", args=[self.records.path],
                         instances=self.count, reload="surge",
                         rollout={"min_ready_time": 0})
        self.note("start_whole", (now_ns() - begin) / 1e6)
        mains = self.records.await_count(self.count)
        self.note("start", (max(t for _, t in mains) - begin) / 1e6)
        return [pid for pid, _ in mains]

    def reload(self):
        self.records.clear()
        begin = now_ns()
        self.fleet.ctl("reload", "many")
        self.note("reload", (now_ns() - begin) / 1e6)
        return [pid for pid, _ in self.records.await_count(self.count)]

    def order(self):
        """What both others contain: a fleetctl that asks one thing."""
        begin = now_ns()
        self.fleet.ctl("hosts")
        self.note("order", (now_ns() - begin) / 1e6)

    def stop(self, pids):
        begin = now_ns()
        stop = subprocess.Popen([f"{BIN}/fleetctl", "--controller",
                                 self.fleet.address, "stop", "many"],
                                stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        self.note("stop", await_gone(pids, begin))
        stop.wait(PATIENCE)
        self.note("stop_whole", (now_ns() - begin) / 1e6)
        self.fleet.ctl("delete", "many")

    def floor(self):
        records = Records(self.fleet.dir, "floor")
        floor = Floor(self.count, records)
        mains = records.await_count(self.count)
        self.note("floor_start",
                  (max(t for _, t in mains) - floor.start_ns) / 1e6)
        begin = now_ns()
        floor.process.send_signal(signal.SIGTERM)
        self.note("floor_stop", await_gone([pid for pid, _ in mains], begin))
        floor.process.wait(PATIENCE)


def start_row(times, count):
    start, floor = (statistics.median(times[k])
                    for k in ("start", "floor_start"))
    row(f"start {count:,}, command to last main()", f"{start:.0f} ms",
        f"floor {floor:.0f} ms", f"{start / floor:.2f}", "≤ 1.5")


def stop_row(times, count, bar):
    stop, floor = (statistics.median(times[k]) for k in ("stop", "floor_stop"))
    row(f"stop {count:,}, command to last gone", f"{stop:.1f} ms",
        f"floor {floor:.1f} ms", f"{stop / floor:.2f}", bar)


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


def bench_hundred(rounds=7):
    with Fleet() as fleet:
        many = Many(fleet, 100)
        for _ in range(rounds):
            # In turns, so that all see the same machine.
            many.floor()
            many.start()
            many.order()
            many.stop(many.reload())
    times = many.times
    mid = {key: statistics.median(values) for key, values in times.items()}
    pm2 = pm2_hundred()
    keep("hundred_ms", {"fleet": times, "pm2": pm2})
    start_row(times, 100)
    row("  the whole command", f"{mid['start_whole']:.0f} ms",
        f"PM2 {pm2['start']:.0f} ms",
        f"{mid['start_whole'] / pm2['start']:.3f}")
    row("reload 100 one by one", f"{mid['reload']:.0f} ms",
        f"PM2 {pm2['reload']:.0f} ms", f"{mid['reload'] / pm2['reload']:.3f}",
        "≤ 600 ms")
    stop_row(times, 100, "≤ 3")
    row("  the whole command", f"{mid['stop_whole']:.0f} ms",
        f"PM2 {pm2['stop']:.0f} ms", f"{mid['stop_whole'] / pm2['stop']:.3f}")
    row("  of each, a fleetctl that asks one thing", f"{mid['order']:.1f} ms")
    bench_memory_and_list(pm2)


def bench_memory_and_list(pm2):
    with Fleet() as fleet:
        Many(fleet, 100).start()
        keeper = fleet.keepers[0].pid
        agent = fleet.agent_pid()
        keeper_rss = rss_kb(keeper) / 1024
        both_pss = (pss_kb(keeper) + pss_kb(agent)) / 1024
        lists = []
        for _ in range(100):
            start = now_ns()
            fleet.ctl("ls")
            lists.append((now_ns() - start) / 1e6)
        after_pss = (pss_kb(keeper) + pss_kb(agent)) / 1024
        # The agent has given back what only changes need, and sampled since.
        time.sleep(REST_S)
        rest_pss = (pss_kb(keeper) + pss_kb(agent)) / 1024
    keep("memory_mb", {"keeper_rss": keeper_rss, "both_pss": both_pss,
                       "both_pss_after_lists": after_pss,
                       "both_pss_at_rest": rest_pss})
    keep("list_ms", lists)
    row("keeper RSS, 100 workers", f"{keeper_rss:.2f} MB", "", "", "≤ 2 MB")
    row("keeper and agent PSS, 100 workers", f"{both_pss:.1f} MB",
        f"PM2 RSS {pm2['daemon_rss_mb']:.0f} MB",
        f"{both_pss / pm2['daemon_rss_mb']:.2f}", "≤ 12 MB")
    row("  the same at rest", f"{rest_pss:.1f} MB")
    row("list of 100 workers, whole process",
        f"{statistics.median(lists):.1f} ms", f"PM2 {pm2['list']:.0f} ms",
        f"{statistics.median(lists) / pm2['list']:.2f}", "≤ 10 ms")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bench_thousand(rounds=3, seconds=30):
    """1,000 idle workers on one host: their start, and what the agent costs
    while nothing happens but its samples (every 2 s)."""
    with Fleet() as fleet:
        many = Many(fleet, 1000)
        for left in reversed(range(rounds)):
            many.floor()
            pids = many.start()
            if left > 0:
                many.stop(pids)
        agent = fleet.agent_pid()
        time.sleep(5)
        before = cpu_seconds(agent)
        time.sleep(seconds)
        share = (cpu_seconds(agent) - before) / seconds * 100
        rss = rss_kb(agent) / 1024
        pss = (pss_kb(agent) + pss_kb(fleet.keepers[0].pid)) / 1024
    keep("thousand", {"ms": many.times, "agent_cpu_percent": share,
                      "agent_rss_mb": rss, "both_pss_mb": pss})
    start_row(many.times, 1000)
    stop_row(many.times, 1000, "")
    row("agent RSS with 1,000 workers", f"{rss:.1f} MB", "", "", "≤ 60 MB")
    row("keeper and agent PSS with 1,000 workers", f"{pss:.1f} MB")
    row("agent CPU, 1,000 idle workers sampled", f"{share:.2f} % of a core", "",
        "", "< 1 %")
