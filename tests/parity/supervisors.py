"""PM2 from npm and a fleet of one host, driven by the same words and files."""

import itertools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import nullcontext

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BIN = os.environ.get("FLEET_BIN", os.path.join(ROOT, "build/release/bin"))
PM2_MODULES = os.path.join(ROOT, "build/npm/pm2@7.0.4/node_modules")
LIFECYCLE = os.path.join(HERE, "lifecycle.js")
ROOMY = {"kill_timeout": 20000, "listen_timeout": 30000}
# Of anything that should take a moment.
PATIENCE = 60.0


def await_that(holds, what):
    """What `holds` returns once it is true."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.05)
    raise TimeoutError(what())


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


class App:
    """One app under one of the two."""

    def __init__(self, supervisor, name):
        self.supervisor = supervisor
        self.name = name
        self.dir = os.path.join(supervisor.dir, name)
        self.events_file = os.path.join(self.dir, "events")
        self.exit_code = self.output = None
        os.mkdir(self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        """A file of its folder; empty while there is none."""
        if not os.path.exists(self.path(name)):
            return ""
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def ecosystem(self, form):
        """The app in one of the forms of PM2's file."""
        with open(self.file(), encoding="utf-8") as file:
            text = file.read()
        words = {"config.mjs": "export default ", "yaml": "",
                 "json": "// PM2 takes comments.\n"}
        return words.get(form, "module.exports = ") + text

    def spec(self, **fields):
        env = {"EVENTS": self.events_file, **fields.pop("env", {})}
        env = {key: str(value) for key, value in env.items()}
        return {"name": self.name, "cwd": self.dir, "script": LIFECYCLE,
                "env": env, **fields}

    def file(self, **fields):
        """Writes its ecosystem file. Times are in milliseconds, and long unless
        said: this machine has much to do. None leaves a field to its default.
        """
        spec = self.spec(**{**ROOMY, **fields})
        spec = {name: value for name, value in spec.items()
                if value is not None}
        self.write("ecosystem.json", json.dumps({"apps": [spec]}))
        return self.path("ecosystem.json")

    def native(self, *flags, **fields):
        """Starts it from a file of Fleet's own, and waits until it is well."""
        self.write("fleet.json", json.dumps({"apps": [self.spec(**fields)]}))
        self.exit_code, self.output = self.supervisor.run(
            "start", self.path("fleet.json"), *flags)
        return self

    def start(self, *flags, **fields):
        """Starts it from its file, and is content when that fails."""
        self.exit_code, self.output = self.supervisor.run(
            "start", self.file(**fields), *flags)
        return self

    def begin(self, **fields):
        """Starts it from its file and does not wait for it to be well, as PM2
        never does."""
        return self.start(*self.supervisor.no_wait, **fields)

    def sibling(self, name):
        return self.supervisor.app(f"{self.name}_{name}")

    def run(self, command, *arguments):
        """A command about this app."""
        return self.supervisor.run(command, self.name, *arguments)

    def events(self):
        """(time in ms, pid, instance, what), in their order."""
        if not os.path.exists(self.events_file):
            return []
        with open(self.events_file, encoding="utf-8") as file:
            lines = file.read().split("\n")[:-1]
        return [(int(ms), int(pid), number, what) for ms, pid, number, what in
                (line.split(" ", 3) for line in lines)]

    def told(self):
        return [what for _, _, _, what in self.events()]

    def await_told(self, what, times=1):
        await_that(lambda: self.told().count(what) >= times,
                   lambda: f"wanted {times} x {what}, got {self.told()}")
        return self

    def processes(self):
        return [p for p in self.supervisor.processes()
                if p["name"] == self.name]

    def statuses(self):
        return sorted(p["pm2_env"]["status"] for p in self.processes())

    def restarts(self):
        return sum(p["pm2_env"]["restart_time"] for p in self.processes())

    def await_statuses(self, *statuses):
        await_that(lambda: self.statuses() == sorted(statuses),
                   lambda: f"wanted {statuses}, got {self.statuses()}")
        return self

    def pids(self):
        return [p["pid"] for p in self.processes() if p["pid"]]


class Supervisor:
    """What both have in common. Thread-safe."""

    word = ""
    # Flags of `start`: not to wait until the app is well, and to wait until it
    # has been well for some seconds.
    no_wait = ()
    patient = ()

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix=f"parity-{self.word}-")
        self.env = {"PATH": os.environ["PATH"], "HOME": self.dir}
        self.lock = threading.Lock()
        self.listed = (0.0, [])

    def command(self, *arguments):
        raise NotImplementedError

    def app(self, name):
        return App(self, name)

    def take(self, *names):
        """Flags of `start` by which apps get these variables of the caller."""
        return ()

    def run(self, *arguments, env=()):
        """Exit code and output of a command."""
        done = subprocess.run(
            self.command(*arguments), cwd=self.dir, text=True,
            env={**self.env, **dict(env)},
            capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE,
            check=False)
        return done.returncode, done.stdout + done.stderr

    def processes(self):
        """As `jlist` prints them. One list for all who wait for one."""
        asked = time.monotonic()
        with self.lock:
            if self.listed[0] < asked:
                now = time.monotonic()
                self.listed = (now, self.list())
            return self.listed[1]

    def list(self):
        raise NotImplementedError


class Pm2(Supervisor):
    word = "pm2"

    def __init__(self):
        super().__init__()
        # It looks at memory every 30 s unless told otherwise.
        self.env.update(PM2_HOME=f"{self.dir}/home", PM2_WORKER_INTERVAL="700",
                        PM2_DISCRETE_MODE="true", NODE_PATH=PM2_MODULES)
        self.reloads = threading.Lock()
        self.run("ping")
        self.lister = subprocess.Popen(
            ["node", os.path.join(HERE, "pm2_list.js")], env=self.env,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def command(self, *arguments):
        return [f"{PM2_MODULES}/.bin/pm2", *arguments]

    def run(self, *arguments, env=()):
        # It refuses a reload while another one goes on.
        alone = arguments[0] in ("reload", "startOrReload")
        with self.reloads if alone else nullcontext():
            return super().run(*arguments, env=env)

    def list(self):
        self.lister.stdin.write("\n")
        self.lister.stdin.flush()
        return json.loads(self.lister.stdout.readline())

    def close(self):
        self.lister.stdin.close()
        self.lister.wait(PATIENCE)
        self.run("kill")
        shutil.rmtree(self.dir, ignore_errors=True)


class Fleet(Supervisor):
    word = "fleet"
    no_wait = ("--no-wait",)
    patient = ("--min-ready-time", "3s")

    def __init__(self):
        super().__init__()
        self.address = f"unix:{self.dir}/controller.sock"
        # Its apps listen here: no two runs share an address.
        number = os.getpid() % (30 * 250)
        self.host = f"127.{221 + number // 250}.{1 + number % 250}.1"
        self.ports = itertools.count(20000)
        self.log = open(f"{self.dir}/log", "ab")
        read, write = os.pipe()
        self.controller = self.spawn(
            "fleet-controller", "--state-dir", f"{self.dir}/controller",
            "--listen", self.address, "--ready-fd", str(write),
            pass_fds=[write])
        os.close(write)
        os.read(read, 1)
        os.close(read)
        state = f"{self.dir}/host"
        os.mkdir(state)
        self.keeper = self.spawn(
            "fleet-keeper", "--state-dir", state, "--", f"{BIN}/fleet-agent",
            "--state-dir", state, "--controller", self.address,
            "--host-name", "host", "--bind-address", self.host)
        await_that(lambda: "HOST_STATE_CONNECTED" in self.run(
            "hosts", "-o", "json")[1], lambda: "the agent does not connect")

    def free_port(self):
        """One that nobody has, below those that the kernel gives away."""
        for port in self.ports:
            with socket.socket() as one:
                if one.connect_ex((self.host, port)) != 0:
                    return port

    def spawn(self, program, *arguments, **more):
        return subprocess.Popen([f"{BIN}/{program}", *arguments],
                                stdin=subprocess.DEVNULL, stdout=self.log,
                                stderr=self.log, env=self.env, **more)

    def command(self, *arguments):
        rolls = arguments[0] in ("start", "reload", "restart", "startOrReload",
                                 "startOrRestart")
        if rolls and "--min-ready-time" not in arguments:
            arguments = (arguments[0], "--min-ready-time", "0", *arguments[1:])
        return [f"{BIN}/fleetctl", "--controller", self.address, *arguments]

    def list(self):
        code, text = self.run("jlist")
        if code != 0:
            raise RuntimeError(f"fleetctl jlist: {text}")
        return json.loads(text)

    def take(self, *names):
        return "--import-env", ",".join(names)

    def close(self):
        for process in (self.keeper, self.controller):
            process.terminate()
            process.wait(PATIENCE)
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)
