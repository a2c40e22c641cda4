"""fleetctl startup and the units of deploy/, under a real systemd.

usage: systemd_e2e_test.py PROGRAMS SOURCES [TEST...]. Exit code 77: not possible here.
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
# As the machine under test sees them.
FLEETCTL = "/mnt/fleetctl"
WORKER = "/mnt/lines.py"
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
    """A systemd with its own processes, on this machine's files.

    Its /mnt is our folder, with the programs in it: they are installed as a
    package's are, and not changed while they are used.
    """

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="fleet-systemd-")
        os.chmod(self.folder, 0o711)
        for name in ("fleetctl", "fleet-agent", "fleet-keeper", "fleet-controller"):
            shutil.copy(PROGRAMS + "/" + name, self.folder)
        shutil.copy(SOURCES + "/tests/e2e/apps/lines.py", self.folder)
        self.log = open(self.folder + "/log", "a+")
        self.power = subprocess.Popen(
            [SOURCES + "/tests/e2e/systemd_boot.sh", self.folder],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        self.init = None
        self.await_boot()

    def await_boot(self):
        last = self.init
        self.init = eventually(lambda: self.find_init(last), self.text)
        eventually(lambda: self.run("systemctl", "is-active", "multi-user.target")
                   .stdout == "active\n", self.text)

    def find_init(self, last):
        if self.power.poll() is not None:
            raise unittest.SkipTest("no systemd can be booted here: " + self.text())
        try:
            pid = self.power.pid
            for _ in range(3):
                with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
                    pid = int(f.read().split()[0])
            with open("/proc/%d/comm" % pid) as f:
                return pid if f.read() == "systemd\n" and pid != last else None
        except (OSError, IndexError):
            return None

    def reboot(self, power_cut=True):
        open(self.folder + "/reboot", "w").close()
        if power_cut:
            os.kill(self.init, signal.SIGKILL)
        else:
            self.run("systemctl", "reboot")
        self.await_boot()

    def text(self):
        with open(self.folder + "/log") as f:
            return f.read()[-8000:]

    def run(self, *argv, env=None):
        return subprocess.run(
            ["nsenter", "-t", str(self.init), "-p", "-m", "-u", "-i", "-n", "-C",
             *argv], text=True, capture_output=True, timeout=60,
            stdin=subprocess.DEVNULL, env=env)

    def must(self, *argv, env=None):
        done = self.run(*argv, env=env)
        assert done.returncode == 0, "%s: %d\n%s%s\n%s" % (
            argv, done.returncode, done.stdout, done.stderr, self.text())
        return done.stdout

    def ctl(self, *argv):
        return self.must(FLEETCTL, "--controller", SOCKET, *argv)

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

    def workers(self):
        """Pids of all that run the app, also of what has been forgotten."""
        return self.run("pgrep", "-f", WORKER).stdout

    def kill(self, pids):
        self.must("kill", "-9", *[str(p) for p in pids])

    def end(self):
        self.power.send_signal(signal.SIGKILL)  # --kill-child
        self.power.wait()
        if self.init is not None:
            eventually(lambda: not os.path.exists("/proc/%d" % self.init), "its end")
        self.log.close()
        with open(self.folder + "/group") as f:
            group = f.read().strip()
        for hierarchy in [""] + os.listdir("/sys/fs/cgroup"):
            top = os.path.join("/sys/fs/cgroup", hierarchy, group)
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

    def instances(self, app):
        shown = json.loads(self.machine.ctl("show", app, "-o", "json"))
        return [i for host in shown["hosts"]
                for i in host.get("status", {}).get("instances", [])]

    def pids(self, app):
        return [i["pid"] for i in self.instances(app) if i.get("pid")]

    def connected(self):
        hosts = self.machine.ctl("hosts", "-o", "json")
        return "HOST_STATE_CONNECTED" in hosts

    def of(self, name):
        return [p for p, comm in self.machine.processes(AGENT)
                if comm.startswith(name)]

    def install(self):
        """Controller and agent, as units."""
        m = self.machine
        m.must(FLEETCTL, "startup", "controller")
        eventually(lambda: m.run("test", "-S", "/run/fleet/controller.sock")
                   .returncode == 0, m.text)
        # Twice does no more than once.
        for _ in range(2):
            m.must(FLEETCTL, "startup", "agent", "--controller", SOCKET)
        for unit in (AGENT, "fleet-controller.service"):
            self.assertEqual(m.must("systemctl", "is-enabled", unit), "enabled\n")
        eventually(self.connected, m.text)

    def workers(self):
        return self.pids("plain") + self.pids("limited")

    def unharmed(self, workers, after):
        # While systemd waits to start a service again, it passes no stop on.
        eventually(lambda: self.machine.run("systemctl", "is-active", AGENT)
                   .stdout == "active\n", self.machine.text)
        eventually(self.connected, self.machine.text)
        self.assertEqual(self.workers(), workers,
                         after + "\n" + self.machine.text())
        self.assertEqual(len(self.of("python3")), 2, after)

    def test_startup_survival_and_unstartup(self):
        m = self.machine
        self.install()
        with open(m.folder + "/fleet.yaml", "w") as f:
            f.write("apps:\n"
                    "  - {name: plain, script: %s}\n"
                    "  - {name: limited, script: %s, limits: {memory_max: 100M}}\n"
                    % (WORKER, WORKER))
        m.ctl("apply", "/mnt/fleet.yaml", "--min-ready-time", "0")
        workers = self.workers()
        self.assertEqual(len(workers), 2)
        # Delegate=yes: the limit is kept by a group below the unit's.
        self.assertRegex(m.ctl("show", "limited"),
                         r"cgroup +v[12] \S*/fleet-w\d+: .*104857600")
        main = m.must("systemctl", "show", AGENT, "-p", "MainPID", "--value")
        agent = self.of("fleet-agent")
        m.must("systemctl", "reload", AGENT)
        eventually(lambda: self.of("fleet-agent") not in ([], agent), m.text)
        self.unharmed(workers, "reload")
        self.assertEqual(main, m.must("systemctl", "show", AGENT, "-p", "MainPID",
                                      "--value"))
        # The agent brings up a keeper; what systemd starts stands by.
        m.kill([int(main)])
        eventually(lambda: len(self.of("fleet-keeper")) == 2, m.text)
        self.unharmed(workers, "keeper killed")
        # All of Fleet, one after the other, so that each sees the last one die.
        m.kill(self.of("fleet-keeper") + self.of("fleet-agent"))
        for pid in self.of("fleet-"):
            m.run("kill", "-9", str(pid))
        eventually(lambda: self.of("fleet-agent"), m.text)
        self.unharmed(workers, "all killed")
        # A stop reaches the keeper, also by way of a stand-by, and ends them all.
        m.must("systemctl", "stop", AGENT)
        self.assertEqual(m.workers(), "", m.text())
        m.must("systemctl", "start", AGENT)
        eventually(lambda: len(self.workers()) == 2, m.text)
        self.reboots(m)
        m.must(FLEETCTL, "unstartup", "agent")
        self.assertEqual(m.workers(), "", m.text())
        self.assertNotEqual(m.run("systemctl", "cat", AGENT).returncode, 0)
        m.must(FLEETCTL, "unstartup", "controller")
        self.assertEqual(m.run("pgrep", "-x", "fleet-controlle").stdout, "")

    def reboots(self, m):
        m.ctl("reload", "plain", "--min-ready-time", "0")
        generation = self.generations("plain")
        self.assertEqual(len(generation), 1)
        # As it is done, and then by a power cut.
        for power_cut in (False, True):
            m.reboot(power_cut)
            eventually(lambda: m.run("test", "-S", "/run/fleet/controller.sock")
                       .returncode == 0 and len(self.workers()) == 2, m.text)
            self.assertEqual(self.generations("plain"), generation)

    def nothing_lives(self, m):
        # What has ended is still listed until systemd has asked how.
        eventually(lambda: m.run("pgrep", "fleet|python3").stdout == "", m.text)

    def generations(self, app):
        return [i["generation"] for i in self.instances(app) if i.get("pid")]

    def test_a_users_own_fleet(self):
        m = self.machine
        # The machine's own file is covered; a home that is thrown away.
        m.must("sed", "-i", "s|:/root:|:/run/root:|", "/etc/passwd")
        m.must("mkdir", "/run/root")

        def own(*argv):
            return m.must("env", "HOME=/run/root", "PATH=/mnt:/usr/bin:/bin",
                          "fleetctl", *argv)

        own("startup")
        own("start", WORKER, "--name", "lines", "--min-ready-time", "0")
        worker = m.workers()
        # What a boot does, but for the kernel's part.
        m.must("systemctl", "restart", "fleet.service")
        eventually(lambda: m.workers() not in ("", worker), m.text)
        # Also when nobody is left who could be told to stop it.
        m.kill(m.must("pgrep", "fleet-keeper|fleet-agent").split())
        own("unstartup")
        self.nothing_lives(m)

    def test_a_fleet_of_a_user_who_is_not_root(self):
        m = self.machine
        m.must("useradd", "--create-home", "--home-dir", "/var/lib/ann", "ann")

        def try_own(*argv):
            # As after su: no session, and no folder of one.
            return m.run("setpriv", "--reuid", "ann", "--regid", "ann",
                         "--init-groups", "env", "-i", "HOME=/var/lib/ann",
                         "PATH=/mnt:/usr/bin:/bin", "fleetctl", *argv)

        def own(*argv):
            done = try_own(*argv)
            self.assertEqual(done.returncode, 0, done.stderr + m.text())
            return done.stdout

        # Nobody here lets a user linger (a polkit would); it is told.
        refused = try_own("startup")
        self.assertIn("sudo loginctl enable-linger ann", refused.stderr)
        m.must("loginctl", "enable-linger", "ann")
        own("startup")
        own("start", WORKER, "--name", "lines", "--min-ready-time", "0")
        worker = m.workers().split()
        self.assertEqual(len(worker), 1)
        self.assertEqual(m.must("ps", "-o", "user=", "-p", worker[0]), "ann\n")
        m.reboot()
        eventually(m.workers, m.text)
        self.assertIn("lines", own("ls"))
        own("unstartup")
        self.nothing_lives(m)


if __name__ == "__main__":
    if not possible():
        print("needs root and systemd")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
