"""Fixtures: servers, and a World that runs kubectl and the plugin with the same kubeconfig."""
import base64
import copy
import dataclasses
import json
import os
import subprocess

import pytest

import endpoints

KUBECTL = os.environ["KUBECTL"]
PLUGIN = os.environ["PLUGIN"]
SECONDS = 60


@dataclasses.dataclass
class Outcome:
    """Outcome is the result of one program's run."""
    code: int
    error: str
    requests: list  # requests that reached the API servers
    proxied: list   # requests that reached the proxy

    def sent(self):
        """Returns the request for the LocalRegistry as the API server received it; None without
        one."""
        return next((request for request in self.requests
                     if request["path"].endswith(endpoints.PATH)), None)


class World:
    """World has two API servers (plain and with TLS), a proxy, and a folder for files."""

    def __init__(self, folder, authority, plain, secure, proxy):
        self.folder, self.authority = folder, authority
        self.plain, self.secure, self.proxy = plain, secure, proxy

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def data(self, name):
        """Returns a file of the authority in base64, as the fields ending in -data expect it."""
        return base64.b64encode(self.authority.read(name).encode()).decode()

    def copy(self, name, to=None):
        return self.write(to or name, self.authority.read(name))

    def cluster(self, **fields):
        """Returns a cluster entry for the API server with TLS, which is trusted. Fields that are
        None are left out."""
        cluster = {"server": f"https://127.0.0.1:{self.secure.port}",
                   "certificate-authority-data": self.data("ca.crt")}
        cluster.update(fields)
        return {name: value for name, value in cluster.items() if value is not None}

    def config(self, cluster=None, user=None, **more):
        """Returns a kubeconfig with one context. Its default user has a token, since kubectl would
        ask for a password without one."""
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "main",
            "clusters": [{"name": "c", "cluster": self.cluster() if cluster is None else cluster}],
            "users": [{"name": "u", "user": {"token": "t"} if user is None else user}],
            "contexts": [{"name": "main", "context": {"cluster": "c", "user": "u",
                                                      "namespace": "team-a"}}]}
        config.update(more)
        return config

    def run(self, command, environment):
        for server in (self.plain, self.secure, self.proxy):
            server.seen.clear()
        clean = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home")}
        result = subprocess.run(command, env={**clean, **environment}, capture_output=True,
                                text=True, timeout=SECONDS, check=False, cwd=self.folder,
                                stdin=subprocess.DEVNULL)
        return Outcome(result.returncode, result.stderr,
                       copy.copy(self.plain.seen + self.secure.seen), copy.copy(self.proxy.seen))

    def both(self, config, environment=None, flags=()):
        """Runs kubectl and the plugin with a kubeconfig (an object or its text), or with a list for
        KUBECONFIG."""
        environment = dict(environment or {})
        if isinstance(config, (dict, str)):
            flags = ("--kubeconfig", self.write("config", config), *flags)
        else:
            environment["KUBECONFIG"] = ":".join(config)
        kubectl = self.run([KUBECTL, "get", "--raw", endpoints.PATH, *flags], environment)
        plugin = self.run([PLUGIN, "url", "dev", "-n", "team-a", *flags], environment)
        return kubectl, plugin

    def same(self, config, environment=None, flags=()):
        """Expects that both send the same request, and returns it."""
        kubectl, plugin = self.both(config, environment, flags)
        assert kubectl.code == 0, f"kubectl: {kubectl.error}"
        assert plugin.code == 0, plugin.error
        assert plugin.sent() == kubectl.sent()
        assert plugin.proxied[:1] == kubectl.proxied[:1]
        return plugin.sent()

    def refused(self, config, environment=None, flags=()):
        """Expects that neither sends a request, and returns the plugin's message."""
        kubectl, plugin = self.both(config, environment, flags)
        assert kubectl.code != 0 and kubectl.sent() is None, f"kubectl: {kubectl.error}"
        assert plugin.code in (1, 3) and plugin.sent() is None, plugin.error
        assert plugin.error.count("\n") == 1, plugin.error
        return plugin.error


@pytest.fixture(scope="session", name="authority")
def made_authority(tmp_path_factory):
    return endpoints.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session", name="running")
def running_servers(authority):
    return endpoints.ApiServer(), endpoints.ApiServer(authority), endpoints.Proxy()


@pytest.fixture
def world(tmp_path, authority, running):
    return World(tmp_path, authority, *running)
