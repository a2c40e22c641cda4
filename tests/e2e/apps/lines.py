# Counts on stdout, as fast as it is read; ends with code 7 on SIGUSR1.
import os
import signal
import sys

signal.signal(signal.SIGUSR1, lambda *_: os._exit(7))
n = 0
while True:
    sys.stdout.write("line %d\n" % n)
    sys.stdout.flush()
    n += 1
    if n % 20 == 0:
        signal.sigtimedwait([], 0.002)
