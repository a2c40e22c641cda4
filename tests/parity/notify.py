"""Says its arguments to the agent (sd_notify): the first at once, the others
each at a SIGUSR1, or all after SAYS_ALL_AFTER ms. At a SIGTERM it says
LAST_WORD and ends after ENDS_AFTER ms. Tells of it all as lifecycle.js does.
"""

import os
import signal
import socket
import sys
import time


def tell(what):
    with open(os.environ["EVENTS"], "a", encoding="utf-8") as file:
        file.write(f"{int(time.time() * 1000)} {os.getpid()} 0 "
                   f"{what.split(chr(10))[0]}\n")


def say(text):
    if text:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as agent:
            agent.connect(os.environ["NOTIFY_SOCKET"])
            agent.send(text.encode())
    tell(text)


def wait(name):
    time.sleep(int(os.environ.get(name, "0")) / 1000)


SIGNALS = {signal.SIGUSR1, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
words = sys.argv[1:]
tell("start")
say(words.pop(0))
if "SAYS_ALL_AFTER" in os.environ:
    wait("SAYS_ALL_AFTER")
    while words:
        say(words.pop(0))
while signal.sigwait(SIGNALS) == signal.SIGUSR1:
    if words:
        say(words.pop(0))
tell("SIGTERM")
if "LAST_WORD" in os.environ:
    say(os.environ["LAST_WORD"])
    wait("ENDS_AFTER")
    tell("end")
