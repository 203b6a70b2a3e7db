"""Upstream registries outside of the cluster: Debian's docker-registry beside the node, with TLS by
a test CA and with passwords. Images come from there, and may or may not be pushed there."""
import base64
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import warnings

from world import Failed, on_node, run, wait_until

sys.path.append(str(pathlib.Path(__file__).parents[1] / "registry"))
import servers  # noqa: E402  pylint: disable=wrong-import-position

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import crypt  # the only bcrypt in Debian's Python

USER, PASSWORD = "developer", "correct-horse"


class Authority:
    """Authority is a CA that issues certificates for the node's address."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2", "-subj", f"/CN={folder.name}", "-keyout", folder / "ca.key",
            "-out", folder / "ca.crt")

    def issue(self, address):
        key, request, certificate = (self.folder / f"server.{end}" for end in ("key", "csr", "crt"))
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=registry", "-keyout", key, "-out", request)
        extensions = self.folder / "extensions"
        extensions.write_text(f"subjectAltName=IP:{address}\n")
        run("openssl", "x509", "-req", "-in", request, "-CA", self.folder / "ca.crt", "-CAkey",
            self.folder / "ca.key", "-CAcreateserial", "-days", "2", "-extfile", extensions,
            "-out", certificate)
        return {"certificate": str(certificate), "key": str(key)}

    def pem(self):
        return (self.folder / "ca.crt").read_text()


def address():
    return os.environ["NODE_ADDRESS"]


def host(port):
    return f"{address()}:{port}"


def secret(name, port, password=PASSWORD):
    """Returns a Secret with the credentials for the registry at that port."""
    word = base64.b64encode(f"{USER}:{password}".encode()).decode()
    config = json.dumps({"auths": {host(port): {"auth": word}}})
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
            "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": config}}


def config(folder, port, authority, auth):
    http = {"addr": host(port), "secret": "of-a-test"}
    if authority:
        http["tls"] = authority.issue(address())
    return {"version": "0.1", "log": {"level": "warn"}, "http": http, "auth": auth,
            "storage": {"filesystem": {"rootdirectory": str(folder / "data")}}}


def htpasswd(folder):
    """Returns the part of the configuration that requires USER and PASSWORD."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "htpasswd"
    file.write_text(f"{USER}:{crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH))}\n")
    return {"htpasswd": {"realm": "test", "path": str(file)}}


def has_open_upload(folder):
    """Returns whether an upload to the registry of this folder was begun and not cancelled."""
    return bool(servers.files_below(folder, "_uploads/*/startedat"))


def is_up(port, scheme):
    try:
        return on_node("curl", "--silent", "--insecure", "--max-time", "5", "--output", "/dev/null",
                       "--write-out", "%{http_code}", f"{scheme}://{host(port)}/v2/") in (
                           "200", "401")
    except Failed:
        return False


@contextlib.contextmanager
def token_server(folder, port, **rights):
    """Runs a token server at the node's address. Yields the registry's part of the configuration.

    USER has the given rights, {repository: actions}; other users have none. The folder gets ca.crt,
    the CA of the server's certificate.
    """
    folder.mkdir(parents=True)
    script = pathlib.Path(__file__).with_name("token_server.py")
    process = subprocess.Popen([*os.environ["NETNS_EXEC"].split(), "/usr/bin/python3", "-B", script,
                                folder, address(), str(port)], text=True, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    try:
        json.dump({"passwords": {USER: PASSWORD}, "rights": {USER: rights}}, process.stdin)
        process.stdin.close()
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def registry(folder, port, authority=None, auth=None):
    """Runs a registry at the node's address within the block."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.json"  # YAML includes JSON
    file.write_text(json.dumps(config(folder, port, authority, auth or {})))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*os.environ["NETNS_EXEC"].split(), "docker-registry", "serve",
                                    str(file)], stdout=log, stderr=log)
    try:
        wait_until(f"the registry at {host(port)}",
                   lambda: is_up(port, "https" if authority else "http"))
        yield
    finally:
        process.terminate()
        process.wait(20)
