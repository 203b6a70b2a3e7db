"""The cluster as the tests use it: commands as a user types them, and direct reads from the API.

All functions act on the cluster of the environment that conftest.py has set up.
"""
import base64
import functools
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse

import yaml

PROJECT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("LOCAL_REGISTRY_CACHE") or pathlib.Path(
    os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "local-registry-operator")
CLUSTER = PROJECT / "tests" / "cluster" / "cluster"
CLUSTER_NAME = os.environ.get("E2E_CLUSTER", "e2e")

COMMAND_SECONDS = 120  # for one command of a user
WAIT_SECONDS = 60      # for one change that the cluster makes
POLL_SECONDS = 0.1
QUIET_SECONDS = 3      # the operator acts within milliseconds, so nothing comes later

# The path of each kind in the API.
PATHS = {
    "Namespace": "/api/v1/namespaces",
    "Node": "/api/v1/nodes",
    "Pod": "/api/v1/{}/pods",
    "Service": "/api/v1/{}/services",
    "ConfigMap": "/api/v1/{}/configmaps",
    "PersistentVolumeClaim": "/api/v1/{}/persistentvolumeclaims",
    "Deployment": "/apis/apps/v1/{}/deployments",
    "StatefulSet": "/apis/apps/v1/{}/statefulsets",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/{}/endpointslices",
    "Lease": "/apis/coordination.k8s.io/v1/{}/leases",
    "Event": "/apis/events.k8s.io/v1/{}/events",
    "LocalRegistry": "/apis/localregistry.dev/v1alpha1/{}/localregistries",
}


class Failed(AssertionError):
    """Raised when a command fails or does not end in time."""


def run(*command, stdin=None, seconds=COMMAND_SECONDS):
    """Returns what the command prints. If it fails, raises Failed with all its output."""
    words = " ".join(str(word) for word in command)
    try:
        done = subprocess.run([str(word) for word in command], input=stdin, timeout=seconds,
                              capture_output=True, text=True, check=False)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{words}\ndid not end in {seconds} s") from late
    if done.returncode != 0:
        raise Failed(f"{words}\nended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def cluster(*arguments, seconds=COMMAND_SECONDS):
    return run(CLUSTER, "--name", CLUSTER_NAME, *arguments, seconds=seconds)


def on_node(*command, seconds=COMMAND_SECONDS):
    """Runs the command in the node's network, where localhost:<nodePort> is."""
    return run(*os.environ["NETNS_EXEC"].split(), *command, seconds=seconds)


def kubectl(*arguments, stdin=None, seconds=COMMAND_SECONDS, may_fail=False):
    """Returns what kubectl prints; with may_fail also what it prints when it fails."""
    try:
        return run("kubectl", *arguments, stdin=stdin, seconds=seconds)
    except Failed as failed:
        if may_fail:
            return str(failed)
        raise


def apply(namespace, *manifests):
    text = "---\n".join(yaml.safe_dump(manifest) for manifest in manifests)
    return kubectl("--namespace", namespace, "apply", "--filename", "-", stdin=text)


def patch(kind, namespace, name, change):
    return kubectl("--namespace", namespace, "patch", kind, name, "--type", "merge",
                   "--patch", json.dumps(change))


def delete(kind, namespace, name, *flags):
    return kubectl("--namespace", namespace, "delete", kind, name, *flags)


def refusal(namespace, manifest):
    """Returns the message with which `kubectl apply` refuses the manifest. Nothing is stored."""
    try:
        kubectl("--namespace", namespace, "apply", "--dry-run=server", "--filename", "-",
                stdin=yaml.safe_dump(manifest))
    except Failed as failed:
        return str(failed)
    raise AssertionError(f"accepted: {manifest}")


@functools.lru_cache
def _server():
    """Returns address and TLS context of the kubeconfig, whose certificates are inline."""
    config = yaml.safe_load(pathlib.Path(os.environ["KUBECONFIG"]).read_text())
    server, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(
        cadata=base64.b64decode(server["certificate-authority-data"]).decode())
    with tempfile.NamedTemporaryFile() as pair:
        for part in ("client-certificate-data", "client-key-data"):
            pair.write(base64.b64decode(user[part]))
        pair.flush()
        context.load_cert_chain(pair.name)
    return urllib.parse.urlsplit(server["server"]).netloc, context


_local = threading.local()


def _request(path):
    """Returns (code, body) of a GET. Its connection is kept open, and replaced when it breaks."""
    for attempt in (1, 2):
        try:
            if not hasattr(_local, "connection"):
                address, context = _server()
                _local.connection = http.client.HTTPSConnection(address, context=context,
                                                                timeout=10)
            _local.connection.request("GET", path)
            answer = _local.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            _local.__dict__.pop("connection", None)
            if attempt == 2:
                raise


def _path(kind, namespace):
    return PATHS[kind].format(f"namespaces/{namespace}" if namespace else "").replace("//", "/")


def get(kind, namespace, name):
    """Returns the object, or None if it does not exist."""
    code, body = _request(f"{_path(kind, namespace)}/{name}")
    if code == 404:
        return None
    assert code == 200, f"GET {kind} {namespace}/{name}: {code} {body.decode()}"
    return json.loads(body)


def objects(kind, namespace="", **labels):
    """Returns the objects of a namespace, or of all, with these labels (key with _ for -)."""
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    code, body = _request(
        f"{_path(kind, namespace)}?labelSelector={urllib.parse.quote(selector)}")
    assert code == 200, f"GET {kind} {namespace}: {code} {body.decode()}"
    return json.loads(body)["items"]


def wait_until(what, probe, seconds=WAIT_SECONDS):
    """Returns the first true value of probe(). A probe that fails an assertion is called again."""
    deadline, last = time.monotonic() + seconds, None
    while True:
        try:
            last = probe()
            if last:
                return last
        except AssertionError as error:
            last = error
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}; last seen: {last}"
        time.sleep(POLL_SECONDS)


def stays(what, probe, seconds=QUIET_SECONDS):
    """Expects that probe() stays true for some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert probe(), f"no longer: {what}"
        time.sleep(POLL_SECONDS)
