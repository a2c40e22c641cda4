"""Thousands of hosts."""

import json
import os
import statistics
import subprocess

from bench_fleet import BIN, Fleet, now_ns
from bench_table import keep, row

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
                    cwd="/", instances=2, reload="surge",
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


