"""Plane runs an etcd and a kube-apiserver; Connection and Watch are the benchmark's own clients."""
import base64
import datetime
import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import yaml

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
CLUSTER = PROJECT / "tests" / "cluster" / "cluster"
NAME = "bench"
NAMESPACE = "bench"
REGISTRIES = f"/apis/localregistry.dev/v1alpha1/namespaces/{NAMESPACE}/localregistries"
SERVICES = f"/api/v1/namespaces/{NAMESPACE}/services"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
WRITES = ("create", "update", "patch", "delete", "deletecollection")
IDLE_SECONDS = 60  # the API server closes connections that are idle for 90 s

# The audit log has every request of the measured operator, and no others.
AUDIT_POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- {level: Metadata, users: [operator]}
- {level: None}
"""


def cluster(*words, **options):
    return subprocess.run([CLUSTER, "--name", NAME, *words], check=True, capture_output=True,
                          text=True, **options).stdout


def etcd():
    """Returns the path of an etcd that lets the API server stream lists. Builds it unless it is
    built."""
    subprocess.run([PROJECT / "tests" / "cluster" / "tools.sh", "etcd"], check=True)
    return subprocess.run(["bash", "-c", f"source {PROJECT}/tests/cluster/lib/common.sh; "
                           "tool_path etcd"], check=True, capture_output=True,
                          text=True).stdout.strip()


def a_registry(name):
    return {"apiVersion": "localregistry.dev/v1alpha1", "kind": "LocalRegistry",
            "metadata": {"name": name}, "spec": {"name": name}}


class Credentials:
    """Credentials has the API server's port and the user's files, from a kubeconfig. It can be
    passed to other processes."""

    def __init__(self, folder, kubeconfig):
        config = yaml.safe_load(kubeconfig)
        context = config["clusters"][0]["cluster"]
        self.port = int(context["server"].rsplit(":", 1)[1])
        self.files = {}
        user = config["users"][0]["user"]
        for name, data in (("ca", context["certificate-authority-data"]),
                           ("certificate", user["client-certificate-data"]),
                           ("key", user["client-key-data"])):
            file = tempfile.NamedTemporaryFile("wb", dir=folder, delete=False)
            with file:
                file.write(base64.b64decode(data))
            self.files[name] = file.name


class Connection:
    """Connection is one keep-alive connection."""

    def __init__(self, credentials):
        self.credentials = credentials
        self.context = ssl.create_default_context(cafile=credentials.files["ca"])
        self.context.load_cert_chain(credentials.files["certificate"], credentials.files["key"])
        self.open()

    def open(self):
        self.http = http.client.HTTPSConnection("127.0.0.1", self.credentials.port,
                                                context=self.context, timeout=60)
        self.http.connect()
        self.http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.used = time.monotonic()

    def request(self, method, path, body=None, kind="application/json"):
        """Returns the status and the body as text."""
        if time.monotonic() - self.used > IDLE_SECONDS:
            self.http.close()
            self.open()
        data = None if body is None else json.dumps(body).encode()
        self.http.request(method, path, data, {"Content-Type": kind})
        answer = self.http.getresponse()
        text = answer.read()
        self.used = time.monotonic()
        return answer.status, text

    def ask(self, method, path, body=None, kind="application/json"):
        status, text = self.request(method, path, body, kind)
        if status // 100 != 2:
            raise RuntimeError(f"{method} {path}: {status} {text[:400]!r}")
        return json.loads(text)


class Watch(threading.Thread):
    """Watch calls back with (type, object, when) for every event of a collection."""

    def __init__(self, credentials, path, version, told):
        super().__init__(daemon=True)
        self.told = told
        self.connection = Connection(credentials)
        self.connection.http.sock.settimeout(None)
        self.connection.http.request("GET", f"{path}?watch=1&resourceVersion={version}")
        self.answer = self.connection.http.getresponse()
        self.start()

    def run(self):
        try:
            while line := self.answer.readline():
                now = time.monotonic()
                event = json.loads(line)
                self.told(event["type"], event["object"], now)
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # the watch was stopped

    def stop(self):
        try:
            self.connection.http.sock.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass


class Plane:
    """Plane starts with the CRD and the benchmark's namespace, and removes everything at its
    end."""

    def __init__(self, api_flags=""):
        self.folder = tempfile.TemporaryDirectory(prefix="bench-")
        policy = pathlib.Path(self.folder.name) / "audit.yaml"
        policy.write_text(AUDIT_POLICY)
        flags = ("--max-requests-inflight=2000 --max-mutating-requests-inflight=1000 "
                 "--service-node-port-range=20000-39999 "
                 f"--audit-policy-file={policy} {api_flags}")
        cluster("down")
        cluster("up", "--control-plane-only",
                env={**os.environ, "LOCAL_REGISTRY_APISERVER_FLAGS": flags,
                     "LOCAL_REGISTRY_ETCD": etcd()})
        exported = dict(re.findall(r"^export (\w+)=(.*)$", cluster("env"), re.MULTILINE))
        self.audit = pathlib.Path(exported["AUDIT_LOG"])
        self.run_folder = pathlib.Path(exported["CLUSTER_RUN"])
        self.kubeconfig = self.new_kubeconfig("operator")
        self.credentials = Credentials(self.folder.name, pathlib.Path(
            self.new_kubeconfig("bench")).read_text())
        self.events, self.offset = [], 0
        self.prepare()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        cluster("down")
        self.folder.cleanup()

    def new_kubeconfig(self, user):
        path = pathlib.Path(self.folder.name) / f"{user}.kubeconfig"
        config = yaml.safe_load(cluster("kubeconfig", "--user", user, "--group", "system:masters"))
        config["contexts"][0]["context"]["namespace"] = NAMESPACE
        path.write_text(yaml.safe_dump(config))
        return str(path)

    def prepare(self):
        asked = self.connect()
        asked.ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace",
                                                 "metadata": {"name": NAMESPACE}})
        for path in sorted((PROJECT / "crds").glob("*.yaml")):
            asked.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                      yaml.safe_load(path.read_text()))
        while asked.request("GET", REGISTRIES)[0] != 200:
            time.sleep(0.1)
        time.sleep(2)  # until the API server publishes the new type

    def connect(self):
        return Connection(self.credentials)

    def pid(self, component):
        return int((self.run_folder / "pid" / component).read_text().split()[0])

    def requests(self, begin, end):
        """Returns the operator's requests received in [begin, end) as (time, verb, what, code)."""
        if self.audit.exists():
            with self.audit.open("rb") as log:
                log.seek(self.offset)
                for line in log:
                    if not line.endswith(b"\n"):
                        break
                    self.offset += len(line)
                    self.note(json.loads(line))
        return [event for event in self.events if begin <= event[0] < end]

    def note(self, entry):
        if entry["verb"] == "watch" and entry["stage"] != "ResponseStarted":
            return
        target = entry.get("objectRef", {})
        what = "/".join(filter(None, (target.get("resource", "other"), target.get("subresource"))))
        received = datetime.datetime.strptime(entry["requestReceivedTimestamp"],
                                              "%Y-%m-%dT%H:%M:%S.%fZ")
        when = received.replace(tzinfo=datetime.timezone.utc).timestamp()
        self.events.append((when, entry["verb"], what,
                            entry.get("responseStatus", {}).get("code", 0)))


def counted(requests):
    """Returns counts of requests, without those of the Lease. Events are apart from the other
    writes, since some operators emit none."""
    counts = {"writes": 0, "events": 0, "reads": 0, "errors": 0, "by": {}}
    for _, verb, what, code in requests:
        key = f"{verb} {what}"
        counts["by"][key] = counts["by"].get(key, 0) + 1
        counts["errors"] += code >= 400
        if what.startswith(("leases", "other")):
            continue
        kind = "reads" if verb not in WRITES else "events" if what == "events" else "writes"
        counts[kind] += 1
    return counts
