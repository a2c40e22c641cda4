"""What watching and taking over costs."""

import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time

from bench_fleet import BIN, PATIENCE, ROOT, Fleet
from bench_table import keep, row


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


def bench_logs(megabytes=300, rounds=3):
    """The log pump beside cat: the same writer, pipe and file system."""
    folder = tempfile.mkdtemp(prefix="logs-", dir=f"{ROOT}/build/bench")
    try:
        out = subprocess.run([f"{BIN}/log_pump_bench", folder, str(megabytes),
                              str(rounds)], check=True, capture_output=True,
                             text=True).stdout
    finally:
        shutil.rmtree(folder)
    cases = [json.loads(line) for line in out.splitlines()]
    keep("log_pump_mb_per_s", cases)
    for case in cases:
        bar = "≥ 500 or ≥ 0.5" if case["case"] == "raw, rotated" else ""
        row(f"log pump, {case['case']}", f"{case['pump_per_core']} MB/s a core",
            f"cat {case['cat_per_core']} MB/s",
            f"{case['pump_per_core'] / case['cat_per_core']:.2f}", bar)
        row("  by the clock", f"{case['pump']} MB/s", f"cat {case['cat']} MB/s",
            f"{case['pump'] / case['cat']:.2f}")
