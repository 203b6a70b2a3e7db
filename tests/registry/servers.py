"""Servers on loopback for the tests: Debian's docker-registry, and a token server.

A registry is a process that is ended by its id; the token server is a thread of this process.
"""
import base64
import contextlib
import glob
import hashlib
import http.server
import json
import os
import pathlib
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse
import warnings

import yaml

SERVICE, ISSUER = "registry of the tests", "token server of the tests"


def openssl(*arguments, stdin=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=stdin, check=True,
                          capture_output=True).stdout


def files_below(folder, *patterns):
    """Returns the files below a folder that match, while a registry may create and remove some.

    pathlib's rglob() would fail when a folder is removed that it is about to read.
    """
    return [pathlib.Path(path) for pattern in patterns
            for path in glob.glob(f"{glob.escape(str(folder))}/**/{pattern}", recursive=True)]


class Authority:
    """Authority is a CA that signs certificates."""

    def __init__(self, folder, name="ca"):
        self.folder = pathlib.Path(folder)
        self.certificate, self.key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
                f"/CN={name} of the tests", "-keyout", self.key, "-out", self.certificate)

    def issue(self, name, hosts="IP:127.0.0.1,DNS:localhost"):
        """Returns (certificate, key): the files of a server for these hosts."""
        key, request = self.folder / f"{name}.key", self.folder / f"{name}.csr"
        certificate, extensions = self.folder / f"{name}.crt", self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={hosts}\n")
        openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                "-CAcreateserial", "-days", "1", "-extfile", extensions, "-out", certificate)
        return certificate, key


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


class Registry:
    """Registry is one docker-registry with its storage in FOLDER."""

    def __init__(self, folder, tls=None, auth=None, **storage):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.storage = self.folder / "storage"
        self.port = free_port()
        self.domain = f"127.0.0.1:{self.port}"
        self.tls = tls
        self.log = self.folder / "registry.log"
        config = {
            "version": 0.1, "log": {"level": "info"},
            "storage": {"filesystem": {"rootdirectory": str(self.storage)},
                        "delete": {"enabled": True}, **storage},
            "http": {"addr": self.domain, "secret": "secret of the tests"},
        }
        if tls:
            config["http"]["tls"] = {"certificate": str(tls[0]), "key": str(tls[1])}
        if auth:
            config["auth"] = auth
        self.config = self.folder / "config.yml"
        self.config.write_text(yaml.safe_dump(config))
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["docker-registry", "serve", str(self.config)], stdout=self.log.open("a"),
            stderr=subprocess.STDOUT)
        for _ in range(200):
            with contextlib.suppress(OSError):
                with socket.create_connection(("127.0.0.1", self.port), 1):
                    return self
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(f"docker-registry does not come up: {self.log.read_text()}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)

    def uploads(self):
        """Returns files of uploads that were neither finished nor cancelled.

        After a cancellation docker-registry 2.8 leaves a folder with the state of an empty hash.
        """
        return files_below(self.storage, "_uploads/*/startedat", "_uploads/*/data")

    def blobs(self):
        return files_below(self.storage, "blobs/sha256/*/*/data")


class Nobody:  # pylint: disable=too-few-public-methods
    """Stands in for an insecure registry where the test has none."""
    domain = "nobody.invalid"


NOBODY = Nobody()


def htpasswd(folder, **users):
    """Writes a file with bcrypt passwords, like `htpasswd -B`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import crypt  # pylint: disable=deprecated-module,import-outside-toplevel
    path = pathlib.Path(folder) / "htpasswd"
    salt = crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)
    path.write_text("".join(f"{user}:{crypt.crypt(password, salt)}\n"
                            for user, password in users.items()))
    return path


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TokenServer:
    """TokenServer implements Docker's token authentication with real JWTs (RS256, x5c).

    RIGHTS: {user: {repository: {"pull", "push"}}}; the user "" is an anonymous client. The identity
    token of USER is "identity of USER".
    """

    def __init__(self, folder, authority, passwords, rights, address=("127.0.0.1", 0)):
        self.passwords, self.rights = passwords, rights
        self.folder = pathlib.Path(folder)
        self.certificate, self.key = authority.issue("token-signer", "DNS:token-signer")
        self.requests = []
        self.life = 300  # seconds until a token expires
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # pylint: disable=invalid-name
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                user = owner.basic_user(self.headers.get("Authorization", ""))
                self.answer(*owner.answer("GET", user, query))

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = urllib.parse.parse_qs(body)
                assert form["grant_type"] == ["refresh_token"], form
                token = form["refresh_token"][0]
                known = token.startswith("identity of ")
                user = token.removeprefix("identity of ") if known else None
                self.answer(*owner.answer("POST", user, form))

            def answer(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(address, Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.issue("token-server", f"IP:{address[0]}"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.domain = f"{address[0]}:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def auth(self):
        """Returns the configuration that docker-registry needs."""
        return {"token": {"realm": f"https://{self.domain}/token?tenant=tests",
                          "service": SERVICE, "issuer": ISSUER,
                          "rootcertbundle": str(self.folder / "ca.crt")}}

    def basic_user(self, header):
        """Returns the user of the header; "" without a header, None if the password is wrong."""
        if not header:
            return ""
        user, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
        return user if self.passwords.get(user) == password else None

    def answer(self, method, user, parameters):
        self.requests.append((method, user, parameters))
        if user is None:
            return 401, {"errors": [{"code": "UNAUTHORIZED"}]}
        assert parameters["service"] == [SERVICE], parameters
        access = []
        for scope in parameters.get("scope", []):
            kind, name, actions = scope.split(":")
            granted = self.rights.get(user, {}).get(name, set()) & set(actions.split(","))
            access.append({"type": kind, "name": name, "actions": sorted(granted)})
        token = self.signed(user, access)
        return 200, {"token": token, "access_token": token, "expires_in": self.life}

    def signed(self, user, access):
        now = int(time.time())
        der = openssl("x509", "-in", self.certificate, "-outform", "DER")
        header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        claims = {"iss": ISSUER, "sub": user, "aud": SERVICE, "exp": now + self.life,
                  "nbf": now - 5,
                  "iat": now, "jti": hashlib.sha256(os.urandom(16)).hexdigest(), "access": access}
        text = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
        signature = openssl("dgst", "-sha256", "-sign", self.key, stdin=text.encode())
        return f"{text}.{encoded(signature)}"
