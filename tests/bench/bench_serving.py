"""Requests and reloads under load, beside PM2."""

import os
import re
import signal
import statistics
import subprocess

from bench_fleet import Fleet, Pm2, now_ns
from bench_table import keep, row

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


