#!/usr/bin/env python3
"""Clients that mean no good, against the real programs: crowds that say
nothing, handshakes that stop half way, messages that are too long, streams that
nobody reads. And what the programs themselves keep to themselves: their memory,
and their descriptors.

  ill_treatment_test.py FOLDER_OF_PROGRAMS [TEST ...]
"""
import os
import resource
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import unittest

BIN = os.path.abspath(sys.argv.pop(1))
# Longest wait for what should take a moment, or for a limit of 20 s.
PATIENCE_S = 90
CROWD = 10000
# A user who owns nothing, and has none of root's rights.
NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
             "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]


def eventually(holds, what):
    """Asks again until it holds; time passes between two looks, no more."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        answer = holds()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"never came: {what}")


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


class Fleet:
    """A controller and, when asked, one host, in a folder of their own. With
    `nobody` they, and fleetctl, run as the user of that name."""

    def __init__(self, *listen, nofile=None, nobody=False):
        self.wrapper = AS_NOBODY if nobody else []
        self.dir = tempfile.mkdtemp(prefix="fleet-ill-")
        if nobody:
            os.chown(self.dir, NOBODY, NOBODY)
        # Its apps listen here: no two runs share an address.
        number = os.getpid() % (30 * 250)
        self.address = f"127.{60 + number // 250}.{1 + number % 250}.1"
        self.socket = f"unix:{self.dir}/controller.sock"
        self.log = f"{self.dir}/controller.log"
        self.processes = []
        ready, fd = os.pipe()

        def limit():
            if nofile:
                resource.setrlimit(resource.RLIMIT_NOFILE, (nofile, nofile))

        with open(self.log, "ab") as log:
            self.controller = subprocess.Popen(
                [*self.wrapper, f"{BIN}/fleet-controller", "--state-dir",
                 f"{self.dir}/state", "--listen", self.socket, "--ready-fd",
                 str(fd), *listen],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=[fd], preexec_fn=limit)
        os.close(fd)
        self.processes.append(self.controller)
        with os.fdopen(ready) as f:
            words = f.readline().split()
        self.port = None
        for word in words:
            if word.startswith("tcp://"):
                self.port = int(word.rsplit(":", 1)[1])

    def start_host(self):
        state = f"{self.dir}/host"
        with open(f"{self.dir}/host.log", "ab") as log:
            self.processes.append(subprocess.Popen(
                [*self.wrapper, f"{BIN}/fleet-keeper", "--state-dir", state,
                 "--", f"{BIN}/fleet-agent", "--state-dir", state,
                 "--controller", self.socket, "--host-name", "host-1",
                 "--bind-address", self.address],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        eventually(lambda: "CONNECTED" in self.ctl("hosts", "-o", "json")
                   .stdout.replace("DISCONNECTED", ""), "the host")

    def ctl(self, *args, **env):
        return subprocess.run(
            [*self.wrapper, f"{BIN}/fleetctl", *args],
            stdin=subprocess.DEVNULL, text=True, capture_output=True,
            timeout=PATIENCE_S, check=False,
            env={**os.environ, "FLEET_CONTROLLER": self.socket,
                 "HOME": self.dir, **env})

    def must_ctl(self, *args):
        done = self.ctl(*args)
        if done.returncode != 0:
            raise AssertionError(f"fleetctl {args}: {done.stderr}")
        return done.stdout

    def write(self, name, text):
        path = f"{self.dir}/{name}"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o755)
        return path

    def read_log(self):
        with open(self.log, encoding="utf-8") as f:
            return f.read()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port))

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def is_closed(connection):
    """The other side has ended it; what it said before is thrown away."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def count_open(connections):
    return sum(not is_closed(c) for c in connections)


class Http2:
    """As much of HTTP/2 as it takes to be rude in it (RFC 9113)."""

    DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
    WINDOW_UPDATE = 8
    MOST_STREAMS, INITIAL_WINDOW = 3, 4

    def __init__(self, connection):
        self.connection = connection
        connection.settimeout(PATIENCE_S)
        self.received = b""
        self.send_raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self.send(self.SETTINGS, 0, 0, b"")

    def send_raw(self, data):
        self.connection.sendall(data)

    def send(self, kind, flags, stream, payload):
        self.send_raw(len(payload).to_bytes(3, "big") + bytes([kind, flags])
                      + stream.to_bytes(4, "big") + payload)

    def open(self, stream, method):
        """Begins a call; literals only (RFC 7541, 6.2.2)."""
        block = b"\x83\x86"
        for name, value in ((":path", method), (":authority", "fleet"),
                            ("content-type", "application/grpc"),
                            ("te", "trailers")):
            for text in (name, value):
                if text == name:
                    block += b"\x00"
                block += bytes([len(text)]) + text.encode()
        self.send(self.HEADERS, 4, stream, block)

    @staticmethod
    def settings(payload):
        return struct.iter_unpack(">HI", payload)

    def frames(self):
        """Yields (kind, flags, stream, payload) until the end."""
        while True:
            while len(self.received) >= 9:
                size = int.from_bytes(self.received[:3], "big")
                if len(self.received) < 9 + size:
                    break
                head = self.received[:9]
                payload = self.received[9:9 + size]
                self.received = self.received[9 + size:]
                yield (head[3], head[4], int.from_bytes(head[5:9], "big"),
                       payload)
            try:
                data = self.connection.recv(65536)
            except ConnectionResetError:
                return
            if not data:
                return
            self.received += data


class IllTreatment(unittest.TestCase):
    def fleet(self, *listen, **options):
        fleet = Fleet(*listen, **options)
        self.addCleanup(fleet.close)
        return fleet

    def plain(self, **options):
        return self.fleet("--listen", "127.0.0.1:0", "--insecure", **options)

    def keep(self, connections):
        self.addCleanup(lambda: [c.close() for c in connections])
        return connections

    def test_crowds_that_say_nothing_or_half_a_word_are_sent_away(self):
        """Beside each other, as both wait for a limit of 20 s."""
        halves = self.half_handshakes_that_keep_nobody_out()
        silent = self.silent_crowd_that_is_cheap()
        eventually(lambda: count_open(halves) == 0,
                   "the end of the handshakes")
        eventually(lambda: count_open(silent) == 0, "the crowd's end")

    def silent_crowd_that_is_cheap(self):
        fleet = self.plain()
        before = rss_kib(fleet.controller.pid)
        crowd = self.keep([fleet.connect() for _ in range(CROWD)])
        # All are in once the last one has been answered (with SETTINGS).
        next(Http2(crowd[-1]).frames())
        cost = rss_kib(fleet.controller.pid) - before
        print(f"{CROWD} silent connections: {cost} KiB")
        self.assertEqual(fleet.ctl("ls").returncode, 0)
        there = fleet.ctl("ls", "--controller", f"127.0.0.1:{fleet.port}",
                          "--insecure")
        self.assertEqual(there.returncode, 0, there.stderr)
        self.assertLess(cost, CROWD * 100)
        return crowd[:-1]

    def half_handshakes_that_keep_nobody_out(self):
        fleet = self.fleet("--listen", "127.0.0.1:0")
        crowd = self.keep([fleet.connect() for _ in range(200)])
        for connection in crowd:
            # The first bytes of a ClientHello that never goes on.
            connection.sendall(b"\x16\x03\x01\x02\x00\x01")
        context = ssl.create_default_context(
            cafile=f"{fleet.dir}/state/tls/ca.pem")
        context.check_hostname = False
        context.set_alpn_protocols(["h2"])
        with context.wrap_socket(fleet.connect()) as good:
            self.assertEqual(good.version(), "TLSv1.3")
            next(Http2(good).frames())
        self.assertEqual(count_open(crowd), 200)
        self.assertEqual(fleet.ctl("ls").returncode, 0)
        return crowd

    def test_more_than_there_is_room_for_are_turned_away_at_once(self):
        # A half of so few descriptors is for connections.
        fleet = self.plain(nofile=512)
        crowd = self.keep([fleet.connect() for _ in range(400)])
        eventually(lambda: count_open(crowd) <= 256, "the refusals")
        self.assertGreater(count_open(crowd), 200)
        self.assertIn("too many", fleet.read_log())
        # Whoever is on the machine itself gets in all the same.
        self.assertEqual(fleet.ctl("ls").returncode, 0)
        for connection in crowd:
            connection.close()
        # Those who come later, too, as soon as there is room.
        eventually(lambda: fleet.ctl(
            "ls", "--controller", f"127.0.0.1:{fleet.port}", "--insecure")
            .returncode == 0, "room")

    def test_a_message_that_is_too_long_ends_its_call(self):
        fleet = self.plain()
        client = Http2(fleet.connect())
        self.keep([client.connection])
        client.open(1, "/fleet.v1.AppService/ListApps")
        size = 5 << 20
        rest = b"\0" + struct.pack(">I", size) + bytes(size)
        windows = {0: 65535, 1: 65535}
        frames = client.frames()
        while True:
            while rest and min(windows.values()) >= 16384:
                piece, rest = rest[:16384], rest[16384:]
                client.send(Http2.DATA, 0 if rest else 1, 1, piece)
                for stream in windows:
                    windows[stream] -= len(piece)
            kind, flags, stream, payload = next(frames)
            if kind == Http2.WINDOW_UPDATE:
                windows[stream] += int.from_bytes(payload, "big")
            elif kind == Http2.SETTINGS and not flags & 1:
                for name, value in client.settings(payload):
                    if name == Http2.INITIAL_WINDOW:
                        windows[1] += value - 65535
                client.send(Http2.SETTINGS, 1, 0, b"")
            elif kind == Http2.PING and not flags & 1:
                client.send(Http2.PING, 1, 0, payload)
            elif stream == 1 and b"grpc-status" in payload:
                break
        self.assertIn(b"grpc-status\x018", payload)  # RESOURCE_EXHAUSTED
        self.assertEqual(fleet.ctl("ls").returncode, 0)

    def test_calls_beyond_the_bound_of_a_connection_are_refused(self):
        fleet = self.plain()
        client = Http2(fleet.connect())
        self.keep([client.connection])
        frames = client.frames()
        bound = None
        for kind, flags, _, payload in frames:
            if kind == Http2.SETTINGS and not flags & 1:
                bound = dict(client.settings(payload))[Http2.MOST_STREAMS]
                break
        self.assertEqual(bound, 256)
        client.send(Http2.SETTINGS, 1, 0, b"")
        try:
            for i in range(bound + 50):
                client.open(2 * i + 1, "/fleet.v1.AgentService/Session")
        except OSError:
            pass  # It has been cut off already, with more than the bound.
        self.assertGreaterEqual(i, bound)
        # Each by itself, or the whole connection.
        refused = 0
        for kind, flags, _, payload in frames:
            refused += kind == Http2.RESET
            if kind == Http2.PING and not flags & 1:
                client.send(Http2.PING, 1, 0, payload)
            if kind == Http2.GOAWAY or refused == 50:
                break
        else:
            refused = 50  # It was closed without a word.
        self.assertTrue(refused == 50 or kind == Http2.GOAWAY, refused)
        self.assertEqual(fleet.ctl("ls").returncode, 0)

    def test_garbage_is_answered_by_the_end_of_the_connection(self):
        fleet = self.plain()
        crowd = []
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100000,
                        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 1000):
            connection = fleet.connect()
            crowd.append(connection)
            try:
                connection.sendall(garbage)
            except OSError:
                pass  # It has been cut off already.
        self.keep(crowd)
        eventually(lambda: count_open(crowd) == 0, "the ends")
        self.assertEqual(fleet.ctl("ls").returncode, 0)

    def test_wrong_tokens_are_soon_not_looked_at_any_more(self):
        fleet = self.fleet("--listen", "127.0.0.1:0")
        token = fleet.must_ctl("token", "create", "anna", "--role",
                               "viewer").strip()
        address = {"FLEET_CONTROLLER": f"127.0.0.1:{fleet.port}"}
        self.assertEqual(fleet.ctl("ls", FLEET_TOKEN=token, **address)
                         .returncode, 0)
        # Right pin, wrong secret.
        fleet_api, secret, pin = token.rsplit("_", 2)
        wrong = f"{fleet_api}_{'0' * len(secret)}_{pin}"
        said = [fleet.ctl("ls", FLEET_TOKEN=wrong, **address).stderr
                for _ in range(12)]
        self.assertNotIn("minute", said[0])
        self.assertIn("minute", said[-1])

    def test_what_a_worker_says_need_not_be_text(self):
        """Else whatever it says last before it crashes goes into the agent's
        journal, and to the controller, and neither can read it."""
        fleet = self.fleet()
        fleet.start_host()
        fleet.write("crash.sh", "#!/bin/sh\nprintf 'bad \\377\\376\\n' >&2\n"
                    "exit 3\n")
        fleet.write("note.py", """
import os, socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b'READY=1\\nSTATUS=\\xff warm', os.environ['NOTIFY_SOCKET'])
time.sleep(10000)
""")
        fleet.write("fleet.yaml", """apps:
  - {name: crash, script: crash.sh, interpreter: none}
  - {name: note, script: note.py, readiness: {notify: true}}
""")
        done = fleet.ctl("apply", f"{fleet.dir}/fleet.yaml")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("bad \ufffd\ufffd", done.stderr)
        self.assertIn("\ufffd warm", fleet.must_ctl("show", "note"))
        self.assertEqual(fleet.read_log().count("state=LIVE"), 1)
        with open(f"{fleet.dir}/host.log", encoding="utf-8") as f:
            said = f.read()
        self.assertNotIn("was ended by signal", said)
        self.assertNotIn("invalid UTF-8", said)

    def test_who_never_reads_a_stream_fills_no_memory(self):
        fleet = self.fleet()
        fleet.start_host()
        go = f"{fleet.dir}/go"
        flood = fleet.write("flood.py", f"""
import os, time
print('before the flood', flush=True)
while not os.path.exists({go!r}): time.sleep(0.05)
for i in range(400000): print(i, 'x' * 100)
print('after the flood', flush=True)
time.sleep(10000)
""")
        fleet.must_ctl("start", flood, "--name", "flood",
                       "--min-ready-time", "0")
        reader = subprocess.Popen(
            [f"{BIN}/fleetctl", "logs", "flood", "-f"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "FLEET_CONTROLLER": fleet.socket})
        self.addCleanup(reader.stdout.close)
        self.addCleanup(reader.wait)
        self.addCleanup(reader.kill)
        while b"before the flood" not in reader.stdout.readline():
            pass
        before = rss_kib(fleet.controller.pid)
        reader.send_signal(signal.SIGSTOP)
        open(go, "wb").close()
        eventually(lambda: "after the flood" in fleet.ctl(
            "logs", "flood", "--lines", "1").stdout, "the flood's end")
        grown = rss_kib(fleet.controller.pid) - before
        print(f"44 MB of log that its reader does not read: {grown} KiB")
        self.assertLess(grown, 32 << 10)
        reader.send_signal(signal.SIGCONT)


class Keeping(unittest.TestCase):
    """What is not for others."""

    fleet = IllTreatment.fleet

    def test_the_programs_memory_is_for_nobody_but_root(self):
        """Not for another process of their own user either, as a worker may
        be: it is not that of another user which could not be read anyway."""
        root = os.getuid() == 0
        if root and subprocess.run(
                [*AS_NOBODY, f"{BIN}/fleetctl", "--help"], check=False,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "HOME": "/tmp"}).returncode != 0:
            self.skipTest("nobody may not run the programs of this folder")
        fleet = self.fleet(nobody=root)
        fleet.start_host()

        def readable(pid):
            return subprocess.run(
                [*fleet.wrapper, "cat", f"/proc/{pid}/environ"], check=False,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL).returncode == 0

        other = subprocess.Popen([*fleet.wrapper, "sleep", "1000"])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        eventually(lambda: readable(other.pid), "a program like any other")
        with open(f"{fleet.dir}/host/keeper.lock", encoding="ascii") as f:
            words = f.read().split()
        pids = {"controller": fleet.controller.pid, "keeper": int(words[1]),
                "agent": int(words[3])}
        for name, pid in pids.items():
            with open(f"/proc/{pid}/comm", encoding="ascii") as f:
                # The kernel cuts it to 15 bytes.
                self.assertEqual(f.read().strip(), f"fleet-{name}"[:15])
            self.assertFalse(readable(pid), name)

    def test_no_descriptor_leaks_into_a_worker(self):
        fleet = self.fleet()
        fleet.start_host()
        # Says what it was given, and then is what it stands for.
        lister = """#!/bin/sh
ls -l /proc/$$/fd >OUT.part
ulimit -c >OUT.core
mv OUT.part OUT.$$
"""
        out = f"{fleet.dir}/fds"

        def app(name, spec, then="exec sleep 10000"):
            # What runs a script is Node by its name alone.
            file = "node" if name == "cluster" else f"{name}.sh"
            path = fleet.write(file, lister.replace(
                "OUT", f"{out}-{name}") + then + "\n")
            return f"  - name: {name}\n{spec.replace('PATH', path)}"

        fork = "    script: PATH\n    interpreter: none\n"
        server = fleet.write("server.js", "require('http').createServer("
                             "(q, r) => r.end()).listen(3100);\n")
        python = fleet.write("bind.py", f"""
import socket, time
s = socket.create_server(({fleet.address!r}, 3102)); time.sleep(10000)
""")
        # Beside 0, 1 and 2.
        expected = {"fork": [], "sockets": ["socket"], "notify": [],
                    "cluster": ["socket"], "takeover": []}
        node = shutil.which("node")
        fleet.write("fleet.yaml", "apps:\n" + app("fork", fork) + app(
            "sockets", fork +
            f"    listen: ['tcp://{fleet.address}:3101']\n") + app(
            "notify", fork + "    readiness: {notify: true}\n") + app(
            "takeover", fork + "    takeover: true\n"
            f"    listen: ['tcp://{fleet.address}:3102']\n",
            f"exec {sys.executable} {python}") + app(
            "cluster", f"    script: {server}\n    exec_mode: cluster\n"
            "    interpreter: PATH\n", f'exec {node} "$@"'))
        fleet.must_ctl("apply", f"{fleet.dir}/fleet.yaml", "--no-wait")
        for name, more in expected.items():
            def given(prefix=f"fds-{name}."):
                return [f for f in os.listdir(fleet.dir)
                        if f.startswith(prefix) and f[len(prefix):].isdigit()]
            eventually(given, f"the list of {name}")
            with open(f"{fleet.dir}/{given()[0]}", encoding="utf-8") as f:
                links = [line.strip().split(" -> ") for line in f
                         if " -> " in line]
            fds = {int(left.split()[-1]): target for left, target in links}
            # The other ends of its own pipes and channel, and a note of how far
            # it has come, are kept in it, for an agent and a keeper that come
            # after both were killed.
            # 11 is the shell's standard output while ls has its place.
            own = (fds.pop(11, fds[1]), fds[2])
            kept = {n: fds.pop(n) for n in range(28, 32) if n in fds}
            for target in kept.values():
                self.assertTrue(target in own or target.startswith(
                    ("/memfd:fleet-note", "socket:" if name == "cluster"
                     else "none")), f"{name}: {kept} {fds}")
            given_fds = sorted(target.split(":")[0] for n, target in fds.items()
                               if n > 2 and not target.endswith((".sh",
                                                                 "/node")))
            self.assertEqual(given_fds, more, f"{name}: {fds}")
            with open(f"{fleet.dir}/fds-{name}.core", encoding="ascii") as f:
                soft = resource.getrlimit(resource.RLIMIT_CORE)[0]
                self.assertEqual(f.read().strip(), "unlimited" if soft < 0
                                 else str(soft // 512))


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    unittest.main(verbosity=2)
