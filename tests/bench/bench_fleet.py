"""A fleet, a PM2 and a bare supervisor for the benches to measure."""

import json
import os
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BIN = os.path.join(ROOT, "build/release/bin")
PM2 = os.path.join(ROOT, "build/npm/pm2@7.0.4/node_modules/.bin/pm2")
PATIENCE = 60.0


def now_ns():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


class Records:
    """The file that bench_worker appends (pid, time of main()) to."""

    def __init__(self, folder, name="records"):
        self.path = os.path.join(folder, name)
        open(self.path, "wb").close()

    def clear(self):
        os.truncate(self.path, 0)

    def read(self):
        with open(self.path, "rb") as f:
            data = f.read()
        return [struct.unpack_from("=qq", data, at)
                for at in range(0, len(data) - 15, 16)]

    def await_count(self, count):
        """The first `count` records, once they are there."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if os.path.getsize(self.path) >= 16 * count:
                return self.read()[:count]
            time.sleep(0.0005)
        raise TimeoutError(f"{len(self.read())} of {count} workers started")


def await_gone(pids, start_ns):
    """Milliseconds from start_ns until the last of the processes ended."""
    poller = select.poll()
    left = set()
    for pid in pids:
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        poller.register(fd, select.POLLIN)
        left.add(fd)
    while left:
        events = poller.poll(PATIENCE * 1000)
        if not events:
            raise TimeoutError(f"{len(left)} processes live on")
        for fd, _ in events:
            poller.unregister(fd)
            os.close(fd)
            left.discard(fd)
    return (now_ns() - start_ns) / 1e6


def pss_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        for line in f:
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def rss_kb(pid):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


class Fleet:
    """One controller and `hosts` agents on 127.0.0.11 and up."""

    def __init__(self, hosts=1):
        self.dir = tempfile.mkdtemp(prefix="fleet-bench-")
        self.address = f"unix:{self.dir}/controller.sock"
        self.processes = []
        self.keepers = []
        read, write = os.pipe()
        os.set_inheritable(write, True)
        self.start([f"{BIN}/fleet-controller", "--state-dir",
                     f"{self.dir}/controller", "--listen", self.address,
                     "--ready-fd", str(write)], pass_fds=[write])
        os.close(write)
        os.read(read, 1)
        os.close(read)
        for i in range(1, hosts + 1):
            state = f"{self.dir}/host-{i}"
            os.mkdir(state)
            self.keepers.append(self.start(
                [f"{BIN}/fleet-keeper", "--state-dir", state, "--",
                 f"{BIN}/fleet-agent", "--state-dir", state, "--controller",
                 self.address, "--host-name", f"host-{i}", "--bind-address",
                 f"127.0.0.{10 + i}"]))
        end = time.monotonic() + PATIENCE
        while self._connected() < hosts:
            if time.monotonic() > end:
                raise TimeoutError("the agents do not connect")

    def start(self, argv, **more):
        """A program that ends with the fleet."""
        with open(f"{self.dir}/log", "ab") as log:
            process = subprocess.Popen(
                argv, **{"stdout": log, "stderr": log,
                         "stdin": subprocess.DEVNULL, **more})
        self.processes.append(process)
        return process

    def _connected(self):
        result = self.ctl("hosts", "-o", "json", check=False)
        if result.returncode != 0:
            return 0
        return result.stdout.count("HOST_STATE_CONNECTED")

    def ctl(self, *args, check=True):
        result = subprocess.run(
            [f"{BIN}/fleetctl", "--controller", self.address, *args],
            capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if check and result.returncode != 0:
            raise RuntimeError(f"fleetctl {' '.join(args)}: "
                               f"{result.stdout}{result.stderr}")
        return result

    def apply(self, **spec):
        path = f"{self.dir}/{spec['name']}.json"
        with open(path, "w") as f:
            json.dump({"apps": [spec]}, f)
        return self.ctl("apply", path)

    def agent_pid(self, host=1):
        keeper = self.keepers[host - 1].pid
        with open(f"/proc/{keeper}/task/{keeper}/children") as f:
            for pid in f.read().split():
                with open(f"/proc/{pid}/comm") as comm:
                    if comm.read() == "fleet-agent\n":
                        return int(pid)
        raise RuntimeError("no agent")

    def close(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(PATIENCE)
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Pm2:
    """PM2 from npm, with a home of its own."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="fleet-bench-pm2-")
        self.env = dict(os.environ, PM2_HOME=f"{self.dir}/home",
                        PM2_DISCRETE_MODE="true")
        self.run("ping")

    def run(self, *args):
        result = subprocess.run([PM2, *args],
                                env=self.env, capture_output=True, text=True,
                                cwd=self.dir, stdin=subprocess.DEVNULL)
        if result.returncode != 0:
            raise RuntimeError(f"pm2 {' '.join(args)}: {result.stdout}"
                               f"{result.stderr}")
        return result

    def start(self, **spec):
        path = f"{self.dir}/{spec['name']}.config.json"
        with open(path, "w") as f:
            json.dump({"apps": [spec]}, f)
        return self.run("start", path)

    def daemon_pid(self):
        with open(f"{self.dir}/home/pm2.pid") as f:
            return int(f.read())

    def close(self):
        self.run("kill")
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Floor:
    """The bare vfork supervisor."""

    def __init__(self, count, records):
        self.start_ns = now_ns()
        self.process = subprocess.Popen(
            [f"{BIN}/floor_supervisor", str(count), f"{BIN}/bench_worker",
             records.path])

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
