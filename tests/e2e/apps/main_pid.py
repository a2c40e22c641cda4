# A daemon of the old kind: what serves is a child, which is named as the main
# process before the first one ends. SIGUSR1: exit code 5.
import os
import signal
import socket
import sys
import time


def notify(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.connect(os.environ["NOTIFY_SOCKET"])
        s.send(text.encode())


if len(sys.argv) > 1:
    notify("MAINPID=%s\nREADY=1" % sys.argv[1])  # A lie.
    time.sleep(1000)
r, w = os.pipe()
child = os.fork()
if child == 0:
    os.setsid()
    os.read(r, 1)
    signal.signal(signal.SIGUSR1, lambda *_: os._exit(5))
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    notify("READY=1\nSTATUS=serves as a child")
    while True:
        time.sleep(1)
notify("MAINPID=%d" % child)
os.write(w, b"x")
