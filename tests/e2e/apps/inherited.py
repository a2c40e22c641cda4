# A server of the systemd kind: its socket is descriptor 3, it says READY=1,
# and it ends gracefully on SIGTERM.
import os
import signal
import socket

assert os.environ["LISTEN_PID"] == str(os.getpid())
assert os.environ["LISTEN_FDS"] == "1"
listener = socket.socket(fileno=3)
listener.settimeout(0.05)
stopping = []
signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))

notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.connect(os.environ["NOTIFY_SOCKET"])
notify.send(b"READY=1\nSTATUS=serving")

body = b"py"
answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\npy"
while not stopping:
    try:
        connection, _ = listener.accept()
    except (socket.timeout, BlockingIOError):
        continue
    connection.settimeout(5)
    request = b""
    while b"\r\n\r\n" not in request:
        block = connection.recv(4096)
        if not block:
            break
        request += block
    connection.sendall(answer)
    connection.shutdown(socket.SHUT_WR)
    connection.close()
