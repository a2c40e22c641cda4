# Answers metric gates over TLS: a server for each certificate FOLDER/NAME.pem
# (key FOLDER/NAME.key). "NAME PORT" is a line each, once all listen.
#   gate_server.py FOLDER NAME...
import http.server
import ssl
import sys
import threading

ANSWER = ('{"status": "success", "data": {"resultType": "vector", "result": '
          '[{"metric": {"host": "a"}, "value": [1, "0.03"]}]}}')


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = ANSWER if self.path.startswith("/api/v1/query") else "0.03"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args):
        pass


folder, names = sys.argv[1], sys.argv[2:]
servers = []
for name in names:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/{name}.pem", f"{folder}/{name}.key")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # The handshake is the handler's thread's business: one that fails is no
    # end of the server.
    server.socket = context.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    servers.append(server)
print("".join(f"{name} {server.server_address[1]}\n"
              for name, server in zip(names, servers)), end="", flush=True)
threading.Event().wait()
