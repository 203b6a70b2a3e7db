"""Measurements apart from the course, once in a run: rewrite, image, webhook, leader, foreign.

Each returns its figures by contender: {"operator": {...}, "go": {...}}.
"""
import base64
import json
import pathlib
import resource
import signal
import socket
import ssl
import statistics
import subprocess
import tarfile
import time

import contenders
import process
from course import by_creators
from plane import DEPLOYMENTS, NAMESPACE, REGISTRIES, Plane, Watch, a_registry

OPERATOR_IMAGE = contenders.CACHE / "images" / "operator.tar"
REPOSITORY = "registry.example.com/team/app"
TEAM = "team"  # a separate namespace, because the webhook ignores the operator's
TEAM_REGISTRIES = REGISTRIES.replace(f"/namespaces/{NAMESPACE}/", f"/namespaces/{TEAM}/")
SECRET = f"/api/v1/namespaces/{NAMESPACE}/secrets/local-registry-operator-webhook"
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
SERVER_NAME = f"local-registry-operator-webhook.{NAMESPACE}.svc"
LEASE = (f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/local-registry-operator")
LOAD_SECONDS = 5
LOAD_CONNECTIONS = 16
LOAD_RATE = 5000
REWRITE_BYTES = 64 << 20
FOREIGN_BYTES = 100_000


def until(what, holds, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
    return found


# rewrite: measures a stream of manifests, in which one image in three is declared.

def a_manifest(number):
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{number}
  labels: {{app: app-{number}, tier: "web"}}
  annotations:
    description: "what it is, and what: it does" # a comment
spec:
  replicas: {number % 7}
  template:
    spec:
      initContainers:
      - name: wait
        image: busybox:1.36
        command: ["sh", "-c", "until nslookup db; do sleep 1; done"]
      containers:
      - name: app
        image: {REPOSITORY}:v{number}
        env:
        - name: MODE
          value: 'production'
        - {{name: POOL, value: "16"}}
        resources:
          limits: {{cpu: 500m, memory: 256Mi}}
      - name: proxy
        image: ghcr.io/someone/proxy@sha256:{number:064x}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: app-{number}
data:
  settings.ini: |
    [server]
    listen = 0.0.0.0:8080
    upstream = http://{number}.example.com/path
    retries = 3
---
"""


def rewrite(options, folder):
    file = pathlib.Path(folder) / "manifests.yaml"
    with file.open("w") as out:
        size = number = 0
        while size < REWRITE_BYTES:
            size += out.write(a_manifest(number))
            number += 1
    words = [contenders.BINARIES / "kubectl-localregistry", "rewrite", "-f", file,
             "--image", REPOSITORY, "--registry-url", "localhost:30000"]
    took = []
    for _ in range(options.rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(words, check=True, stdout=subprocess.PIPE)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.stdout.count(b"image: localhost:30000/team/app:v") != number:
            raise RuntimeError("rewrite did not rewrite every image")
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {"operator": {"bytes": size, "megabytes_per_cpu_second":
                         round(size / 1e6 / statistics.median(took), 1)}}


# image: measures the size of the runtime image, as downloaded and as unpacked on a node.

def image(_options, _folder):
    if not OPERATOR_IMAGE.exists():
        raise RuntimeError("there is no image yet: make image")
    compressed = unpacked = 0
    with tarfile.open(OPERATOR_IMAGE) as archive:
        for blob in archive.getmembers():
            data = archive.extractfile(blob) if blob.isfile() else None
            if data is None or data.read(2) != b"\x1f\x8b":
                continue
            data.seek(0)
            compressed += blob.size
            with tarfile.open(fileobj=data, mode="r:gz") as layer:
                unpacked += sum(member.size for member in layer.getmembers())
    return {"operator": {"compressed_mb": round(compressed / 1e6, 2),
                         "unpacked_mb": round(unpacked / 1e6, 2)}}


# webhook: puts the same load on this operator's webhook and on one in Go, with the same
# certificate.

def a_review():
    """Returns a review as an API server sends it for a Pod of a Deployment."""
    def container(name, reference):
        return {"name": name, "image": reference, "imagePullPolicy": "IfNotPresent",
                "ports": [{"containerPort": 8080, "protocol": "TCP"}],
                "env": [{"name": f"SETTING_{number}", "value": f"value of setting {number}"}
                        for number in range(12)],
                "resources": {"limits": {"cpu": "500m", "memory": "256Mi"},
                              "requests": {"cpu": "50m", "memory": "64Mi"}},
                "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
                                  "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1,
                                  "failureThreshold": 3},
                "volumeMounts": [{"name": "kube-api-access-x7k2p", "readOnly": True, "mountPath":
                                  "/var/run/secrets/kubernetes.io/serviceaccount"}],
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File"}
    pod = {"kind": "Pod", "apiVersion": "v1", "metadata": {
        "generateName": "app-5d9c7b8f6d-", "namespace": TEAM,
        "labels": {"app": "app", "pod-template-hash": "5d9c7b8f6d"},
        "annotations": {"prometheus.io/scrape": "true", "checksum/config": "0" * 64},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": True,
                             "name": "app-5d9c7b8f6d", "blockOwnerDeletion": True,
                             "uid": "6f2f34b2-6a2e-4f57-8d3a-0d7f9c9b3e11"}],
        "managedFields": [{"manager": "kube-controller-manager", "operation": "Update",
                           "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
                           "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:containers": {
                               f'k:{{"name":"{name}"}}': {".": {}, "f:image": {}, "f:env": {
                                   f'k:{{"name":"SETTING_{number}"}}': {".": {}, "f:name": {},
                                                                       "f:value": {}}
                                   for number in range(12)}} for name in ("app", "proxy")}}}}]},
        "spec": {"initContainers": [container("wait", "busybox:1.36")],
                 "containers": [container("app", f"{REPOSITORY}:v1"),
                                container("proxy", "ghcr.io/someone/proxy:2")],
                 "volumes": [{"name": "kube-api-access-x7k2p", "projected": {
                     "defaultMode": 420, "sources": [
                         {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                         {"configMap": {"name": "kube-root-ca.crt", "items": [
                             {"key": "ca.crt", "path": "ca.crt"}]}}]}}],
                 "restartPolicy": "Always", "dnsPolicy": "ClusterFirst",
                 "serviceAccountName": "default", "serviceAccount": "default",
                 "securityContext": {}, "schedulerName": "default-scheduler",
                 "tolerations": [{"key": f"node.kubernetes.io/{what}", "operator": "Exists",
                                  "effect": "NoExecute", "tolerationSeconds": 300}
                                 for what in ("not-ready", "unreachable")],
                 "priority": 0, "enableServiceLinks": True,
                 "preemptionPolicy": "PreemptLowerPriority"},
        "status": {"phase": "Pending", "qosClass": "Burstable"}}
    what = {"group": "", "version": "v1", "kind": "Pod"}
    where = {"group": "", "version": "v1", "resource": "pods"}
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": what, "resource": where,
        "requestKind": what, "requestResource": where, "namespace": TEAM,
        "operation": "CREATE", "userInfo": {
            "username": "system:serviceaccount:kube-system:replicaset-controller",
            "groups": ["system:serviceaccounts", "system:authenticated"]},
        "object": pod, "oldObject": None, "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}}}


def a_configuration():
    """Returns the configuration, without which the operator makes no certificate. The API server
    never calls its webhook, since no Pod is created here."""
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "local-registry-operator"}, "webhooks": [{
                "name": "pods.localregistry.dev", "admissionReviewVersions": ["v1"],
                "sideEffects": "None", "failurePolicy": "Ignore",
                "clientConfig": {"service": {"name": SERVER_NAME.split(".", maxsplit=1)[0],
                                             "namespace": NAMESPACE, "path": "/mutate"}},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"],
                           "operations": ["CREATE"]}]}]}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Webhooks:
    """Webhooks has a control plane with one resource, and the input of both webhooks."""

    def __init__(self, plane, folder, peers):
        self.folder = pathlib.Path(folder)
        self.plane, self.peers, self.programs = plane, peers, {}
        self.api = plane.connect()
        registry = a_registry("first")
        registry["spec"].update(enabled=True, images=[{"name": "app", "image": REPOSITORY}])
        self.api.ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace",
                                                    "metadata": {"name": TEAM}})
        self.api.ask("POST", TEAM_REGISTRIES, registry)
        self.api.ask("POST", CONFIGURATIONS, a_configuration())
        self.body = self.folder / "review.json"
        self.body.write_text(json.dumps(a_review()))

    def launch(self, name, command, port):
        log = self.folder / f"{name}.log"
        self.programs[name] = (process.Program(command, self.plane.kubeconfig, log), port)

    def start(self):
        port = free_port()
        self.launch("operator", contenders.operators(None)["operator"].replace(
            "--webhook-bind-address 0", f"--webhook-bind-address 127.0.0.1:{port}"), port)

        def certificate():
            status, text = self.api.request("GET", SECRET)
            return json.loads(text).get("data") if status == 200 else None
        for name, data in until("there is a certificate", certificate).items():
            (self.folder / name).write_bytes(base64.b64decode(data))
        url = until("the resource has a port", lambda: self.api.ask(
            "GET", f"{TEAM_REGISTRIES}/first").get("status", {}).get("url"))
        (self.folder / "targets.json").write_text(json.dumps({TEAM: {REPOSITORY: url}}))
        if self.peers:
            port = free_port()
            self.launch("go", f"{contenders.webhook()} --port {port} --certificates {self.folder} "
                        f"--targets {self.folder}/targets.json", port)
        for name, (_, port) in self.programs.items():
            until(f"{name} names the image of the local registry",
                  lambda port=port: self.image_of(port) == f"{url}/team/app:v1")

    def image_of(self, port):
        """Returns the image of the first container after the patch; None while there is no
        answer."""
        context = ssl.create_default_context(cafile=self.folder / "ca.crt")
        body = self.body.read_bytes()
        head = (f"POST /mutate HTTP/1.1\r\nHost: {SERVER_NAME}\r\nConnection: close\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")
        try:
            with socket.create_connection(("127.0.0.1", port)) as plain, \
                    context.wrap_socket(plain, server_hostname=SERVER_NAME) as secured:
                secured.sendall(head.encode() + body)
                answer = b"".join(iter(lambda: secured.recv(65536), b""))
        except OSError:
            return None
        response = json.loads(answer[answer.index(b"{"):answer.rindex(b"}") + 1])["response"]
        patch = json.loads(base64.b64decode(response.get("patch", "W10=")))
        return next((change["value"] for change in patch
                     if change["path"] == "/spec/containers/0/image"), "")

    def load(self, name, rate):
        program, port = self.programs[name]
        words = [contenders.BINARIES / "bench_load", "--port", str(port), "--ca",
                 self.folder / "ca.crt", "--server-name", SERVER_NAME, "--body", self.body,
                 "--connections", str(LOAD_CONNECTIONS), "--seconds", str(LOAD_SECONDS),
                 "--rate", str(rate)]
        cpu = process.cpu_seconds(program.pid)
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        used = process.cpu_seconds(program.pid) - cpu
        told = json.loads(done.stdout)
        if told["failed"]:
            raise RuntimeError(f"{name}: {told['failed']} reviews were not answered with 200")
        return {**told, "per_cpu_second": round(told["requests"] / used)}

    def stop(self):
        for program, _ in self.programs.values():
            program.stop()


def webhook(options, folder):
    with Plane() as plane:
        hooks = Webhooks(plane, folder, options.peers)
        try:
            hooks.start()
            rounds = {name: [] for name in hooks.programs}
            for name in rounds:
                hooks.load(name, 0)  # to warm up
            for _ in range(options.rounds):
                for name, found in rounds.items():
                    found.append((hooks.load(name, LOAD_RATE), hooks.load(name, 0)))
        finally:
            hooks.stop()

    def median(found, which, key):
        return statistics.median(pair[which][key] for pair in found)
    return {name: {"bytes": hooks.body.stat().st_size, "rate": LOAD_RATE,
                   **{key: median(found, 0, key) for key in ("p50_ms", "p99_ms", "p999_ms")},
                   "per_second": median(found, 1, "per_second"),
                   "per_cpu_second": median(found, 1, "per_cpu_second")}
            for name, found in rounds.items()}


# leader: ends the leader of two replicas and measures when a resource that is created then has its
# port.

class Replicas:
    def __init__(self, plane, folder):
        self.plane, self.folder, self.seen = plane, pathlib.Path(folder), {}
        self.api = plane.connect()
        self.api.ask("POST", REGISTRIES, a_registry("first"))
        version = self.api.ask("GET", f"{REGISTRIES}?limit=1")["metadata"]["resourceVersion"]
        self.watch = Watch(plane.credentials, REGISTRIES, version, self.note)
        self.leader, self.standby = self.launch(), None
        until("the first resource has a port", lambda: "first" in self.seen)
        self.stand_by()

    def note(self, _, registry, when):
        if registry.get("status", {}).get("nodePort"):
            self.seen.setdefault(registry["metadata"]["name"], when)

    def launch(self):
        log = self.folder / f"replica-{time.monotonic_ns()}.log"
        return process.Program(contenders.operators(None)["operator"] + " --leader-elect",
                               self.plane.kubeconfig, log)

    def stand_by(self):
        self.standby = self.launch()
        time.sleep(3)  # until the replica has listed and watches the Lease

    def hand_over(self, name, how):
        """Returns the seconds from the signal until the resource has a port."""
        ended, begin = self.leader, time.monotonic()
        ended.process.send_signal(how)
        self.api.ask("POST", REGISTRIES, a_registry(name))
        until(f"{name} has a port", lambda: name in self.seen)
        ended.stop()
        self.leader = self.standby
        self.stand_by()
        return self.seen[name] - begin

    def stop(self):
        for program in (self.leader, self.standby):
            if program:
                program.stop()
        self.watch.stop()


def leader(options, folder):
    with Plane() as plane:
        replicas = Replicas(plane, folder)
        try:
            planned = [replicas.hand_over(f"planned-{number}", signal.SIGTERM)
                       for number in range(options.handovers)]
            crash = [replicas.hand_over(f"crash-{number}", signal.SIGKILL)
                     for number in range(2)]
            seconds = replicas.api.ask("GET", LEASE)["spec"]["leaseDurationSeconds"]
        finally:
            replicas.stop()
    return {"operator": {"planned_ms": round(statistics.median(planned) * 1e3, 1),
                         "planned_most_ms": round(max(planned) * 1e3, 1),
                         "crash_most_s": round(max(crash), 2), "lease_s": seconds}}


# foreign: creates large objects of others, also before a start of the operator. Only anonymous
# memory is measured: how much of the program's file is resident varies.

def foreign(options, folder):
    def a_deployment(name):
        labels = {"app": name}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {
            "name": name, "annotations": {"large": "x" * FOREIGN_BYTES}}, "spec": {
                "selector": {"matchLabels": labels}, "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "c", "image": "i"}]}}}}

    def settled(program):
        time.sleep(options.idle)
        program.check()
        return process.memory(program.pid)
    with Plane() as plane:
        api = plane.connect()
        api.ask("POST", REGISTRIES, a_registry("first"))
        command, log = contenders.operators(None)["operator"], pathlib.Path(folder) / "foreign.log"
        program = process.Program(command, plane.kubeconfig, log)
        try:
            before = settled(program)
            names = [f"foreign-{number:05d}" for number in range(options.foreign)]
            by_creators(plane.credentials, names, lambda connection, name: connection.ask(
                "POST", DEPLOYMENTS, a_deployment(name)))
            after = settled(program)
            program.stop()
            program = process.Program(command, plane.kubeconfig, log)
            restarted = settled(program)
        finally:
            program.stop()
    found = [memory["anonymous"] for memory in (before, after, restarted)]
    return {"operator": {"objects": options.foreign, **dict(zip(("before", "after", "restarted"),
                                                               found)),
                         "growth_kib": max(found) - found[0]}}


MEASURES = {"rewrite": rewrite, "image": image, "webhook": webhook, "leader": leader,
            "foreign": foreign}
