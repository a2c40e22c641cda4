"""fleetctl startup and the units of deploy/, under a real systemd.

usage: systemd_e2e_test.py PROGRAMS SOURCES. Exit code 77: not possible here.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAMS = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
SOURCES = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else ""
SYSTEMD = "/lib/systemd/systemd"
SOCKET = "unix:///run/fleet/controller.sock"
PATIENCE = 60
AGENT = "fleet-agent.service"


def possible():
    return os.geteuid() == 0 and os.path.exists(SYSTEMD)


def eventually(holds, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        result = holds()
        if result:
            return result
    raise AssertionError("not within %d s: %s" % (PATIENCE, what() if callable(what) else what))


class Machine:
    """A systemd with its own processes, on this machine's files."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="fleet-systemd-")
        self.log = open(self.folder + "/log", "w+")
        self.boot = subprocess.Popen(
            [SOURCES + "/tests/e2e/systemd_boot.sh", self.folder],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        self.init = eventually(self.find_init, self.text)
        eventually(lambda: self.run("systemctl", "is-active", "test.target")
                   .stdout == "active\n", self.text)

    def find_init(self):
        if self.boot.poll() is not None:
            raise unittest.SkipTest("no systemd can be booted here: " + self.text())
        try:
            with open("/proc/%d/task/%d/children" % ((self.boot.pid,) * 2)) as f:
                pid = int(f.read().split()[0])
            with open("/proc/%d/comm" % pid) as f:
                return pid if f.read() == "systemd\n" else None
        except (OSError, IndexError):
            return None

    def text(self):
        with open(self.folder + "/log") as f:
            return f.read()[-4000:]

    def run(self, *argv):
        return subprocess.run(
            ["nsenter", "-t", str(self.init), "-p", "-m", "-u", "-i", "-n", "-C",
             *argv], text=True, capture_output=True, timeout=120,
            stdin=subprocess.DEVNULL)

    def must(self, *argv):
        done = self.run(*argv)
        assert done.returncode == 0, "%s: %d\n%s%s\n%s" % (
            argv, done.returncode, done.stdout, done.stderr, self.text())
        return done.stdout

    def ctl(self, *argv):
        return self.must(PROGRAMS + "/fleetctl", "--controller", SOCKET, *argv)

    def processes(self, unit):
        """(pid, name) of all in the unit's group, as it sees them itself."""
        group = self.must("systemctl", "show", unit, "-p", "ControlGroup",
                          "--value").strip()
        if not group:
            return []
        script = (
            "for p in $(cat /sys/fs/cgroup/systemd%s/cgroup.procs "
            "/sys/fs/cgroup%s/cgroup.procs /sys/fs/cgroup%s/*/cgroup.procs "
            "2>/dev/null); do echo $p $(cat /proc/$p/comm); done" % (group, group, group))
        found = self.run("sh", "-c", script).stdout.splitlines()
        return [(int(line.split()[0]), line.split()[1]) for line in found
                if len(line.split()) == 2]

    def kill(self, pids):
        self.must("kill", "-9", *[str(p) for p in pids])

    def end(self):
        self.boot.send_signal(signal.SIGKILL)  # --kill-child
        self.boot.wait()
        try:
            os.kill(self.init, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.log.close()
        with open(self.folder + "/group") as f:
            group = f.read().strip()
        eventually(lambda: not os.path.exists("/proc/%d" % self.init), "its end")
        for hierarchy in [""] + os.listdir("/sys/fs/cgroup"):
            top = os.path.join("/sys/fs/cgroup", hierarchy, group)
            for folder, _, _ in sorted(os.walk(top, topdown=False)):
                pass
            for folder, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass
        shutil.rmtree(self.folder, ignore_errors=True)


class Units(unittest.TestCase):
    def test_are_what_systemd_takes_for_valid(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd-analyze")
        with tempfile.TemporaryDirectory() as folder:
            units = []
            for name in ("fleet-agent.service", "fleet-controller.service"):
                with open(SOURCES + "/deploy/systemd/" + name) as f:
                    text = f.read().replace("/usr/bin/fleet", PROGRAMS + "/fleet")
                units.append(os.path.join(folder, name))
                with open(units[-1], "w") as f:
                    f.write(text)
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units],
                                  text=True, capture_output=True)
            ours = [line for line in (done.stdout + done.stderr).splitlines()
                    if "fleet" in line]
            self.assertEqual(ours, [])


@unittest.skipUnless(possible(), "needs root and systemd")
class UnderSystemd(unittest.TestCase):
    def setUp(self):
        self.machine = Machine()
        self.addCleanup(self.machine.end)

    def pids(self, app):
        shown = json.loads(self.machine.ctl("show", app, "-o", "json"))
        return [i["pid"] for host in shown["hosts"]
                for i in host.get("status", {}).get("instances", [])
                if i.get("pid")]

    def connected(self):
        hosts = self.machine.ctl("hosts", "-o", "json")
        return "HOST_STATE_CONNECTED" in hosts

    def of(self, name):
        return [p for p, comm in self.machine.processes(AGENT)
                if comm.startswith(name)]

    def test_a_users_own_fleet(self):
        m = self.machine
        # The machine's own file is covered; a home that is thrown away.
        m.must("sed", "-i", "s|:/root:|:/run/root:|", "/etc/passwd")
        m.must("mkdir", "/run/root")

        def own(*argv):
            return m.must("env", "HOME=/run/root", "PATH=%s:/usr/bin:/bin" % PROGRAMS,
                          "fleetctl", *argv)

        own("startup")
        own("start", SOURCES + "/tests/e2e/apps/lines.py", "--name", "lines",
            "--min-ready-time", "0")
        worker = m.must("pgrep", "-f", "lines.py")
        # What a boot does, but for the kernel's part.
        m.must("systemctl", "restart", "fleet.service")
        eventually(lambda: m.run("pgrep", "-f", "lines.py").stdout
                   not in ("", worker), m.text)
        own("unstartup")
        self.assertEqual(m.run("pgrep", "fleet|python3").stdout, "")


if __name__ == "__main__":
    if not possible():
        print("needs root and systemd")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)
