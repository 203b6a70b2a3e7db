"""An API server and a proxy that record the requests that reach them."""
import contextlib
import http.server
import json
import socket
import socketserver
import ssl
import subprocess
import threading

REGISTRY = {
    "apiVersion": "localregistry.dev/v1alpha1", "kind": "LocalRegistry",
    "metadata": {"name": "dev", "namespace": "team-a", "uid": "u", "generation": 1,
                 "resourceVersion": "7"},
    "spec": {}, "status": {"url": "localhost:31234", "nodePort": 31234, "conditions": []}}
PATH = "/apis/localregistry.dev/v1alpha1/namespaces/team-a/localregistries/dev"
HOST = "api.test"  # a name that only the proxy resolves


class Authority:
    """Authority is a CA that signs certificates for the server and for users. Its files are in one
    folder."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                      "/CN=authority", "-keyout", "ca.key", "-out", "ca.crt")
        self.sign("server", f"subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:{HOST},DNS:other.test")
        self.sign("jane", "extendedKeyUsage=clientAuth")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def sign(self, name, extension):
        (self.folder / f"{name}.ext").write_text(extension)
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout",
                      f"{name}.key", "-out", f"{name}.csr")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                      "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out",
                      f"{name}.crt")

    def read(self, name):
        return (self.folder / name).read_text()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        secure = isinstance(self.connection, ssl.SSLSocket)
        certificate = self.connection.getpeercert() if secure else None
        subject = dict(pair[0] for pair in certificate["subject"]) if certificate else {}
        self.server.seen.append({
            "scheme": "https" if secure else "http",
            "path": self.path,
            "host": self.headers["Host"],
            "authorization": self.headers.get("Authorization"),
            "impersonation": sorted((name.lower(), value) for name, value in self.headers.items()
                                    if name.lower().startswith("impersonate")),
            "certificate": subject.get("commonName"),
            "server name": getattr(self.connection, "asked_for", None) if secure else None,
        })
        found = self.server.objects.get(self.path.split("?")[0], REGISTRY)
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class ApiServer(http.server.ThreadingHTTPServer):
    """ApiServer listens on a port of 127.0.0.1, with TLS if it gets an authority."""

    def __init__(self, authority=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []
        self.objects = {}  # by path; other paths return the LocalRegistry
        self.port = self.server_address[1]
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority.folder / "server.crt",
                                    authority.folder / "server.key")
            context.load_verify_locations(authority.folder / "ca.crt")
            context.verify_mode = ssl.CERT_OPTIONAL
            context.sni_callback = lambda connection, name, _: setattr(
                connection, "asked_for", name)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # the client does not trust the certificate


def copy(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class ProxyHandler(socketserver.StreamRequestHandler):
    """ProxyHandler serves HTTP (CONNECT, and requests with a whole URL) or SOCKS 5, depending on
    the first byte. It connects to this machine for every name."""

    def handle(self):
        with contextlib.suppress(OSError, ValueError, IndexError):
            first = self.rfile.peek(1)[:1]
            if first == b"\x05":
                self.socks()
            elif first:
                self.http()

    def tunnel(self, port, greeting, before=b""):
        with socket.create_connection(("127.0.0.1", port)) as server:
            self.wfile.write(greeting)
            server.sendall(before)
            back = threading.Thread(target=copy, args=(server, self.connection))
            back.start()
            while data := self.rfile.read1(65536):
                server.sendall(data)
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_WR)
            back.join()

    def http(self):
        lines = []
        while (line := self.rfile.readline().strip()):
            lines.append(line.decode())
        method, target, _ = lines[0].split()
        headers = dict(line.split(": ", 1) for line in lines[1:])
        self.server.seen.append((method, target, headers.get("Proxy-Authorization")))
        authority = target if method == "CONNECT" else target.split("/")[2]
        port = int(authority.rsplit(":", 1)[1])
        if method == "CONNECT":
            self.tunnel(port, b"HTTP/1.1 200 OK\r\n\r\n")
            return
        path = "/" + target.split("/", 3)[3]
        headers["Connection"] = "close"
        head = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}"
                                               for name, value in headers.items())]
        self.tunnel(port, b"", ("\r\n".join(head) + "\r\n\r\n").encode())

    def socks(self):
        methods = self.rfile.read(2 + self.rfile.peek(2)[1])[2:]
        password = None
        if 2 in methods:
            self.wfile.write(b"\x05\x02")
            size = self.rfile.read(2)[1]
            user = self.rfile.read(size).decode()
            password = user + ":" + self.rfile.read(self.rfile.read(1)[0]).decode()
            self.wfile.write(b"\x01\x00")
        else:
            self.wfile.write(b"\x05\x00")
        kind = self.rfile.read(4)[3]
        if kind == 3:
            host = self.rfile.read(self.rfile.read(1)[0]).decode()
        else:
            host = socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6,
                                    self.rfile.read(4 if kind == 1 else 16))
        port = int.from_bytes(self.rfile.read(2), "big")
        self.server.seen.append(("SOCKS", f"{host}:{port}", password))
        self.tunnel(port, b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")


class Proxy(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), ProxyHandler)
        self.seen = []
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()
