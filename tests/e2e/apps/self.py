# Writes down what it was started with, and tries what it is not to do.
# Arguments: the file to write, then paths to try to write below.
import os
import sys
import time

out = []
for name in ("status", "limits", "oom_score_adj", "cgroup", "mountinfo"):
    with open("/proc/self/" + name) as f:
        out.append("== %s\n%s" % (name, f.read()))
out.append("== nice\n%d\n" % os.getpriority(os.PRIO_PROCESS, 0))
out.append("== tmp\n%s\n" % " ".join(sorted(os.listdir("/tmp"))))
for path in sys.argv[2:]:
    # Others of its kind try there, too.
    probe = "%s/probe-%d" % (path, os.getpid())
    try:
        os.close(os.open(probe, os.O_CREAT | os.O_WRONLY))
        os.unlink(probe)
        out.append("write %s: done\n" % path)
    except OSError as error:
        out.append("write %s: %s\n" % (path, error.strerror))
with open(sys.argv[1] + ".new", "w") as f:
    f.write("".join(out))
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    time.sleep(1000)
