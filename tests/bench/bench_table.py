"""The table that the benches fill: rows for people, raw numbers for programs."""

import json
import os
import statistics
import time

RAW = {}
TABLE = []


def head():
    print(f"{'what':46} {'Fleet':>18} {'peer':>22} {'ratio':>8} {'bar':>18}")


def row(what, fleet, peer="", ratio="", bar=""):
    TABLE.append((what, fleet, peer, ratio, bar))
    print(f"{what:46} {fleet:>18} {peer:>22} {ratio:>8} {bar:>18}", flush=True)


def keep(name, value):
    RAW[name] = value


def save(path):
    with open(path, "w") as f:
        json.dump({"time": time.time(), "cores": os.cpu_count(),
                   "table": TABLE, "raw": RAW}, f, indent=1)


def median_ms(nanoseconds):
    return statistics.median(nanoseconds) / 1e6
