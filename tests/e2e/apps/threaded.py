# A server as Python's documentation shows it. It binds its own port, knows
# nothing of Fleet, and ends at SIGTERM once it has answered what it has.
import http.server
import os
import signal
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"python")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False


server = Server(("", int(os.environ.get("PORT", "3000"))), Handler)
signal.signal(signal.SIGTERM,
              lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
server.server_close()
