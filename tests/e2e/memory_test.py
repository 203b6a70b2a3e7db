"""No user of the cluster can exhaust the operator's memory: it runs in a memory cgroup of 128 MiB.

A separate control plane is full of hostile objects of every watched kind in one namespace.
Meanwhile, another tenant must get a registry within SERVED_SECONDS.
"""
import base64
import concurrent.futures
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import random
import socket
import ssl
import string
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import pytest
import yaml

from program_test import CRD, ControlPlane, Running, free_port
from world import WAIT_SECONDS, run, wait_until

pytestmark = [pytest.mark.xdist_group("memory"), pytest.mark.memory]

LIMIT = 128 << 20       # the chart's memory limit
SERVED_SECONDS = float(os.environ.get("E2E_MEMORY") or WAIT_SECONDS)  # for another tenant's port
READY_SECONDS = 60      # until all lists are read, on a busy machine
EDITS_A_MINUTE, EDIT_SECONDS, EDITORS = 2000, 30, 2
MANAGED = {"app.kubernetes.io/managed-by": "local-registry-operator"}
HOSTILE, EDITED, VICTIM = "hostile", "edited", "victim"  # namespaces
CGROUPS = pathlib.Path("/sys/fs/cgroup")


class MemoryCgroup:
    """MemoryCgroup is a memory cgroup in the version that the machine has, 1 or 2."""

    def __init__(self, name):
        if "memory" in self._read(CGROUPS / "cgroup.controllers").split():
            self.folder, self.version = CGROUPS / name, 2
        elif (CGROUPS / "memory").is_dir():
            self.folder, self.version = CGROUPS / "memory" / name, 1
        else:
            pytest.skip("this machine has no memory controller for cgroups")
        try:
            self.folder.mkdir(exist_ok=True)
            self._write("memory.limit_in_bytes" if self.version == 1 else "memory.max", LIMIT)
        except OSError as error:
            pytest.skip(f"a memory cgroup cannot be made here: {error}")

    @staticmethod
    def _read(path):
        return path.read_text() if path.exists() else ""

    def _write(self, name, value):
        (self.folder / name).write_text(str(value))

    def enter(self):
        """Moves the calling process into the cgroup. A child calls it before it becomes the
        program."""
        self._write("cgroup.procs", os.getpid())

    def peak(self):
        name = "memory.max_usage_in_bytes" if self.version == 1 else "memory.peak"
        return int(self._read(self.folder / name) or 0)

    def killed(self):
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        counts = dict(line.split() for line in self._read(self.folder / name).splitlines())
        return int(counts.get("oom_kill", 0))

    def remove(self):
        with contextlib.suppress(OSError):
            self.folder.rmdir()


class Api:
    """Api sends requests to the API server, with a separate connection for each thread.

    It replaces a connection that was idle, since the API server closes idle ones after 90 seconds.
    """

    REST_SECONDS = 30

    def __init__(self, kubeconfig):
        config = yaml.safe_load(kubeconfig.read_text())
        server = config["clusters"][0]["cluster"]
        user = config["users"][0]["user"]
        self.address = urllib.parse.urlsplit(server["server"]).netloc
        self.context = ssl.create_default_context(
            cadata=base64.b64decode(server["certificate-authority-data"]).decode())
        with tempfile.NamedTemporaryFile() as pair:
            pair.write(base64.b64decode(user["client-certificate-data"]))
            pair.write(base64.b64decode(user["client-key-data"]))
            pair.flush()
            self.context.load_cert_chain(pair.name)
        self.local = threading.local()

    def connection(self):
        if time.monotonic() - getattr(self.local, "used", 0) > self.REST_SECONDS:
            self.close()
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPSConnection(self.address, timeout=60,
                                                                context=self.context)
        return self.local.connection

    def close(self):
        """Closes the connection of the calling thread."""
        if hasattr(self.local, "connection"):
            self.local.connection.close()
            del self.local.connection

    def __call__(self, method, path, body=None, kind="application/json", may_fail=False):
        connection = self.connection()
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None,
                               {"Content-Type": kind})
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        self.local.used = time.monotonic()
        assert answer.status < 300 or may_fail, f"{method} {path}: {answer.status} {text[:500]}"
        return json.loads(text) if answer.status < 300 else None

    def create(self, path, bodies):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda body: self("POST", path, body), bodies))


def noise(size, seed=[0]):
    """Returns text that does not compress well."""
    seed[0] += 1
    source = random.Random(seed[0])
    return "".join(source.choices(string.ascii_lowercase, k=min(size, 4096))) * (size // 4096 + 1)


def registries(namespace=""):
    inner = f"namespaces/{namespace}/" if namespace else ""
    return f"/apis/localregistry.dev/v1alpha1/{inner}localregistries"


def images(count, host, size=200, tags=1):
    return [{"name": f"image-{number}", "image": f"{host}/{noise(size)[:size]}/{number}",
             "tags": [noise(size // 2)[:size // 2] + str(tag) for tag in range(tags)]}
            for number in range(count)]


def hostile_registries():
    """Yields resources that the schema accepts, with very large annotations, image lists,
    finalizers and labels."""
    def named(name, spec=None, **metadata):
        return {"apiVersion": "localregistry.dev/v1alpha1", "kind": "LocalRegistry",
                "metadata": {"name": name, **metadata},
                "spec": {"enabled": False, "localbuild": True, **(spec or {})}}
    for number in range(560):
        yield named(f"annotations-{number}", annotations={"note": noise(250_000)[:250_000]})
    for number in range(150):
        yield named(f"images-{number}", {"images": images(64, "ghcr.io", tags=16)})
    for number in range(5):
        yield named(f"finalizers-{number}", finalizers=[
            f"example.com/{index:05}" for index in range(30_000)])
    for number in range(5):
        yield named(f"labels-{number}", labels={
            f"localregistry.dev/{index:05}": "x" * 60 for index in range(6_000)})


def hostile_meta(name, number):
    """Returns metadata with the operator's label, which any user can set, and an owner that never
    existed."""
    return {"name": f"{name}-{number}", "labels": MANAGED, "annotations": {
        "localregistry.dev/owner": f"{HOSTILE}/{name}-{number}",
        "note": noise(200_000)[:200_000]}}


def hostile_deployment(number, pod=None):
    pod = pod or {"containers": [{"name": "c", "image": "x"}]}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod}
    return {"metadata": hostile_meta("deployment", number), "spec": {
        "selector": {"matchLabels": {"a": "b"}}, "template": template, "replicas": 0}}


def hostile_children():
    """Yields (path, bodies): objects of each kind that the operator watches."""
    meta = hostile_meta
    pod = {"containers": [{"name": f"c{index}", "image": "x", "env": [
        {"name": f"E{variable}", "value": noise(1000)[:1000]} for variable in range(30)]}
        for index in range(20)]}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    base = f"namespaces/{HOSTILE}"
    numbers = range(60)
    yield (f"/apis/apps/v1/{base}/deployments",
           [hostile_deployment(number, pod) for number in numbers])
    yield (f"/apis/apps/v1/{base}/statefulsets",
           [{"metadata": meta("set", number),
             "spec": {**hostile_deployment(number, pod)["spec"], "serviceName": "x"}}
            for number in numbers])
    yield (f"/api/v1/{base}/services",
           [{"metadata": meta("service", number), "spec": {"ports": [
               {"name": f"p{port}", "port": port + 1} for port in range(250)]}}
            for number in numbers])
    yield (f"/api/v1/{base}/persistentvolumeclaims",
           [{"metadata": meta("claim", number), "spec": claim} for number in numbers])
    yield (f"/api/v1/{base}/pods",
           [{"metadata": meta("pod", number), "spec": pod} for number in numbers])
    yield ("/api/v1/namespaces",
           [{"metadata": {"name": f"hostile-{number}", "annotations": {
               "localregistry.dev/allow-from": noise(100_000)[:100_000],
               "note": noise(100_000)[:100_000]}}} for number in numbers])
    many = {f"host{index}.test": {"auth": "eDp5"} for index in range(20_000)}
    config = base64.b64encode(json.dumps({"auths": many}).encode()).decode()
    yield (f"/api/v1/namespaces/{EDITED}/secrets",
           [{"metadata": {"name": "large"}, "type": "kubernetes.io/dockerconfigjson",
             "data": {".dockerconfigjson": config}}])


def fill(api):
    for name in (HOSTILE, EDITED, VICTIM):
        api("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        # The pods below need this service account, which no controller manager creates here.
        api("POST", f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})
    for path, bodies in hostile_children():
        api.create(path, bodies)
    api.create(registries(HOSTILE), hostile_registries())


class Limited(Running):
    """Limited is the program in the cgroup."""

    def __init__(self, cgroup, *arguments, **options):
        self.cgroup = cgroup
        super().__init__(*arguments, **options)

    def lives(self):
        self.still_runs()
        assert self.cgroup.killed() == 0
        return True

    def metric(self, name):
        text = self.get("/metrics", self.metrics)[1]
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


@pytest.fixture(scope="module")
def cgroup():
    if os.geteuid() != 0:
        pytest.skip("a memory cgroup needs root")
    made = MemoryCgroup(f"local-registry-operator-test-{os.getpid()}")
    yield made
    print(f"\nat most {made.peak() / (1 << 20):.1f} MiB of {LIMIT >> 20} were used")
    made.remove()


@pytest.fixture(scope="module", params=["", "--feature-gates=WatchList=false"],
                ids=["streamed lists", "paged lists"])
def full(request, cgroup):
    """Yields a control plane full of hostile objects, with its API."""
    os.environ["LOCAL_REGISTRY_APISERVER_FLAGS"] = request.param
    plane = ControlPlane("e2e-memory")
    plane.cluster("down")
    plane.up()
    os.environ["PATH"] = f"{plane.folder}/bin:{os.environ['PATH']}"  # kubectl
    try:
        plane.kubectl("apply", "--filename", CRD)
        wait_until("the resources are served", plane.serves)
        plane.api = Api(plane.kubeconfig)
        fill(plane.api)
        yield plane
    finally:
        del os.environ["LOCAL_REGISTRY_APISERVER_FLAGS"]
        plane.cluster("down")


@contextlib.contextmanager
def limited(cgroup, full, tmp_path, *flags, **options):
    program = Limited(cgroup, tmp_path / "operator.log", full.kubeconfig, *flags,
                      preexec=cgroup.enter, **options)
    try:
        wait_until("/readyz", lambda: program.lives() and program.get("/readyz")[0] == 200,
                   READY_SECONDS)
        yield program
        program.lives()
        print(f"\nat most {cgroup.peak() / (1 << 20):.1f} MiB so far")
    finally:
        if program.process.poll() is None:
            program.process.kill()
            program.process.wait()


names = (f"dev-{number}" for number in itertools.count())


def serve_another_tenant(api):
    """Returns the seconds from the creation of a resource to its node port. Deletes the resource
    again."""
    name = next(names)
    begin = time.monotonic()
    api("POST", registries(VICTIM), {
        "apiVersion": "localregistry.dev/v1alpha1", "kind": "LocalRegistry",
        "metadata": {"name": name}, "spec": {"name": name, "enabled": True, "localbuild": True}})
    path = f"{registries(VICTIM)}/{name}"
    wait_until("it has a port", lambda: api("GET", path).get("status", {}).get("nodePort"))
    seconds = time.monotonic() - begin
    api("DELETE", path)
    api("DELETE", f"/api/v1/namespaces/{VICTIM}/services/{name}", may_fail=True)
    return seconds


def test_hostile_objects_of_every_kind_are_survived_and_others_are_served(cgroup, full, tmp_path):
    for _ in range(3):  # each start lists all objects
        with limited(cgroup, full, tmp_path) as program:
            times = [serve_another_tenant(full.api) for _ in range(5)]
            assert max(times) < SERVED_SECONDS, times
            assert program.metric("localregistry_cache_reduced_objects") > 0


def condition(registry, kind):
    conditions = registry.get("status", {}).get("conditions", [])
    return next((entry for entry in conditions if entry["type"] == kind), {})


def test_what_is_too_large_says_so_and_keeps_its_finalizers(cgroup, full, tmp_path):
    path = f"{registries(HOSTILE)}/finalizers-0"
    with limited(cgroup, full, tmp_path):
        wait_until("a reason", lambda: condition(full.api("GET", path), "Accepted").get(
            "reason") == "TooLarge")
        assert len(full.api("GET", path)["metadata"]["finalizers"]) == 30_000
        small = f"{registries(HOSTILE)}/annotations-0"
        wait_until("what has a small spec is accepted", lambda: condition(
            full.api("GET", small), "Accepted").get("status") == "True")


def test_changes_of_hostile_objects_are_survived(cgroup, full, tmp_path):
    def touch(number):
        for path in (f"{registries(HOSTILE)}/annotations-{number}",
                     f"/api/v1/namespaces/{HOSTILE}/pods/pod-{number}"):
            change = {"metadata": {"annotations": {"note": noise(250_000)[:250_000]}}}
            full.api("PATCH", path, change, "application/merge-patch+json")
        # The operator deletes this Deployment, since its owner does not exist.
        full.api("POST", f"/apis/apps/v1/namespaces/{HOSTILE}/deployments",
                 hostile_deployment(number), may_fail=True)

    with limited(cgroup, full, tmp_path) as program:
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            touching = [pool.submit(touch, number) for number in range(60)]
            times = []
            while not all(future.done() for future in touching):
                times.append(serve_another_tenant(full.api))
                program.lives()
            for future in touching:
                future.result()
        assert max(times) < SERVED_SECONDS, times


TARPIT = """
import socket, sys
listener = socket.create_server((sys.argv[1], 5000), backlog=1024)
print("listens", flush=True)
held = []
while True:
    held.append(listener.accept()[0])
    print("asked", flush=True)
"""


class Tarpit:
    """Tarpit accepts connections and never answers. It has a network namespace, because the
    operator never connects to loopback addresses."""

    NETNS, ADDRESS = "registry-tarpit", "203.0.113.2"

    def __init__(self, log):
        self.log, self.host = log, f"{self.ADDRESS}:5000"
        self.remove()
        for words in (f"ip netns add {self.NETNS}",
                      f"ip link add {self.NETNS} type veth peer name eth0 netns {self.NETNS}",
                      f"ip addr add 203.0.113.1/30 dev {self.NETNS}",
                      f"ip link set {self.NETNS} up",
                      f"ip -n {self.NETNS} addr add {self.ADDRESS}/30 dev eth0",
                      f"ip -n {self.NETNS} link set eth0 up"):
            run(*words.split())
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.NETNS, sys.executable, "-c", TARPIT, self.ADDRESS],
                stdout=out)
        wait_until("the tarpit listens", self.log.read_text)

    def was_asked(self):
        return "asked" in self.log.read_text()

    def remove(self):
        for words in (f"ip link delete {self.NETNS}", f"ip netns delete {self.NETNS}"):
            subprocess.run(words.split(), check=False, stderr=subprocess.DEVNULL)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.remove()


def test_edits_of_64_images_at_a_tarpit_are_survived(cgroup, full, tmp_path):
    tarpit = Tarpit(tmp_path / "tarpit.log")
    host = tarpit.host
    # This namespace is not full, so the operator has room for the resource.
    path = f"{registries(EDITED)}/tarpit"
    full.api("POST", registries(EDITED), {
        "apiVersion": "localregistry.dev/v1alpha1", "kind": "LocalRegistry",
        "metadata": {"name": "tarpit"}, "spec": {
            "localbuild": True, "name": "tarpit", "images": images(64, host, 20),
            "pushSecrets": [{"name": "large"}]}})
    done = threading.Event()

    def edit():
        """Edits the spec at its share of EDITS_A_MINUTE, or as fast as the API server allows. Every
        third edit adds the Secret."""
        begin = time.monotonic()
        for number in itertools.count():
            if done.is_set():
                return number
            change = {"images": images(64, host, 20),
                      "pushSecrets": [{"name": "large"}] if number % 3 == 0 else []}
            full.api("PATCH", path, {"spec": change}, "application/merge-patch+json")
            next_one = begin + (number + 1) * EDITORS * 60 / EDITS_A_MINUTE
            time.sleep(max(0, next_one - time.monotonic()))

    try:
        with limited(cgroup, full, tmp_path, f"--insecure-registries={host}") as program, \
                concurrent.futures.ThreadPoolExecutor(EDITORS) as pool:
            editing = [pool.submit(edit) for _ in range(EDITORS)]
            end, times = time.monotonic() + EDIT_SECONDS, []
            try:
                while time.monotonic() < end and not any(one.done() for one in editing):
                    times.append(serve_another_tenant(full.api))
                    program.lives()
            finally:
                done.set()
            edits = sum(one.result() for one in editing)
            print(f"\n{edits} edits; another tenant was served within {max(times):.2f} s")
            assert max(times) < SERVED_SECONDS, times
            assert tarpit.was_asked(), "the registry was never asked"
    finally:
        tarpit.close()
        full.api("DELETE", path)


def flood(port, head, count, seconds):
    """Opens connections that begin a request and never end it."""
    held = []
    for _ in range(count):
        connection = socket.socket()
        connection.settimeout(seconds)
        with contextlib.suppress(OSError):
            connection.connect(("127.0.0.1", port))
            connection.send(head)
        held.append(connection)
    return held


def test_slow_connections_to_every_port_are_survived(cgroup, full, tmp_path):
    webhook = free_port()
    with limited(cgroup, full, tmp_path, webhook=f"127.0.0.1:{webhook}") as program:
        held = []
        try:
            for port in (program.health, program.metrics, webhook):
                held += flood(port, b"GET /readyz HTTP/1.1\r\nHost: x\r\n", 1000, 5)
            times = [serve_another_tenant(full.api) for _ in range(5)]
            assert max(times) < SERVED_SECONDS, times
            wait_until("the probe gets through", lambda: program.get("/healthz")[0] == 200, 10)
        finally:
            for connection in held:
                connection.close()


def test_large_bodies_for_the_webhook_are_survived(cgroup, full, tmp_path):
    webhook, size = free_port(), 8 << 20
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def post(_):
        connection = http.client.HTTPSConnection("127.0.0.1", webhook, timeout=30, context=context)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("POST", "/mutate", b"[" + b"0," * (size // 2 - 1) + b"0]",
                               {"Content-Type": "application/json"})
            connection.getresponse().read()
        connection.close()

    full.api("POST", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", {
        "metadata": {"name": "local-registry-operator"}}, may_fail=True)
    with limited(cgroup, full, tmp_path, webhook=f"127.0.0.1:{webhook}") as program, \
            concurrent.futures.ThreadPoolExecutor(48) as pool:
        posting = [pool.submit(post, number) for number in range(48)]
        times = [serve_another_tenant(full.api) for _ in range(5)]
        for future in posting:
            future.result()
        assert max(times) < SERVED_SECONDS, times
        program.lives()
