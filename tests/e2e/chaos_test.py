"""Chaos on the real cluster: after every fault the registries reach their declared state.

CHAOS_SECONDS is the duration of the loop (default 60), CHAOS_SEED selects its random sequence. Each
turn causes a fault while users keep working, repairs it, and checks what must hold.
"""
import contextlib
import functools
import os
import pathlib
import random
import re
import time

import pytest

import release
from registries import condition, local_registry, make, wait_ready, without_sidecar
from world import (apply, cluster, delete, get, kubectl, objects, on_node, patch, run, wait_until)

pytestmark = pytest.mark.alone

SECONDS = int(os.environ.get("CHAOS_SECONDS", "60"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))
API_SECONDS = 60        # until the API server serves again
CONVERGED_SECONDS = 90  # after the last fault, including images, probes and the kubelet's back-off
HALF_OPEN_SECONDS = 30  # until the kernel gives up a connection (TCP_USER_TIMEOUT: 25 s)
QUIET_SECONDS = 20
PORT = 6443


def api_answers():
    with contextlib.suppress(AssertionError):
        kubectl("get", "--raw", "/readyz", seconds=10)
        return True
    return False


def node_is_ready():
    return any(entry["type"] == "Ready" and entry["status"] == "True"
               for node in objects("Node") for entry in node["status"]["conditions"])


def pod_address():
    return release.wait_leader()["status"]["podIP"]


def ports_to_the_api(pod):
    """Returns the local ports of the operator's connections to the API server."""
    with open(f"/proc/{release.process(pod)}/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    established = [row for row in rows if row[3] == "01"]
    to_api = {"01BB", f"{PORT:04X}"}
    return [int(row[1].split(":")[1], 16) for row in established
            if row[2].split(":")[1] in to_api]


@contextlib.contextmanager
def dropped(*matches):
    """Drops matching packets in the node's network silently."""
    rules = "\n".join(f"add rule inet chaos {chain} {match} drop" for match in matches
                      for chain in ("coming", "going"))
    script = ("add table inet chaos\n"
              "add chain inet chaos coming { type filter hook prerouting priority -310; }\n"
              "add chain inet chaos going { type filter hook postrouting priority 310; }\n" + rules)
    on_node("nft", script)
    try:
        yield
    finally:
        on_node("nft", "delete table inet chaos")


class Chaos:
    """Chaos causes the faults. After each fault everything runs again; changed objects stay
    changed."""

    def __init__(self, seed, work):
        self.random = random.Random(seed)
        self.work = work

    def all(self):
        return [self.kill_api_server, self.kill_etcd, self.kill_kubelet, self.kill_operator,
                self.kill_all_at_once, self.drop_packets, self.link_down, self.cut_connections]

    def kill(self, *components):
        for component in components:
            cluster("kill", component)
        time.sleep(self.random.uniform(0, 3))
        for component in reversed(components):
            cluster("start", component)
        wait_until("the API server serves", api_answers, API_SECONDS)

    def kill_api_server(self):
        self.work(may_fail=True)
        self.kill("kube-apiserver")

    def kill_etcd(self):
        self.work(may_fail=True)
        self.kill("kube-apiserver", "etcd")

    def kill_kubelet(self):
        cluster("kill", "kubelet")
        self.work()
        time.sleep(self.random.uniform(0, 3))
        cluster("start", "kubelet")

    def kill_operator(self):
        self.work()
        release.kill_all()
        self.work()

    def kill_all_at_once(self):
        release.kill_all()
        self.kill("kubelet", "kube-apiserver", "etcd")

    def drop_packets(self):
        address = pod_address()
        with dropped(f"ip saddr {address}", f"ip daddr {address}"):
            self.work()
            time.sleep(self.random.uniform(1, 8))

    def link_down(self):
        """Sets the network interface of the operator's pod down."""
        pod = release.wait_leader()
        process = str(release.process(pod))
        enter = ("nsenter", f"--net=/proc/{process}/ns/net")
        routes = run(*enter, "ip", "route", "show").splitlines()
        run(*enter, "ip", "link", "set", "eth0", "down")
        try:
            self.work()
            time.sleep(self.random.uniform(1, 8))
        finally:
            run(*enter, "ip", "link", "set", "eth0", "up")
            for route in sorted(routes, key=lambda text: text.startswith("default")):
                with contextlib.suppress(AssertionError):
                    run(*enter, "ip", "route", "replace", *route.split())

    def cut_connections(self):
        """Makes all existing connections to the API server dead; new ones work."""
        ports = ", ".join(map(str, ports_to_the_api(release.wait_leader())))
        with dropped(f"tcp sport {{ {ports} }}", f"tcp dport {{ {ports} }}"):
            self.work()
            time.sleep(self.random.uniform(1, 8))


class Users:
    """Users changes registries as people do, and knows their declared specs."""

    def __init__(self, seed, namespace):
        self.random = random.Random(seed)
        self.namespace = namespace
        self.names = [f"r{number}" for number in range(4)]
        self.specs = {name: {"name": name, "persistence": {"enabled": number % 2 == 1}}
                      for number, name in enumerate(self.names)}

    def begin(self):
        for name in self.names:
            make(self.namespace, without_sidecar(name, **self.specs[name]))

    def work(self, may_fail=False):
        """Makes a few edits. With may_fail the API server may be down; an edit that it refuses does
        not count."""
        for _ in range(3):
            with contextlib.suppress(*([AssertionError] if may_fail else [])):
                self.random.choice([self.edit, self.delete_child, self.corrupt])()

    def edit(self):
        name = self.random.choice(self.names)
        port = self.random.randrange(5000, 5010)
        apply(self.namespace, without_sidecar(name, **{**self.specs[name], "port": port}))
        self.specs[name] = {**self.specs[name], "port": port}

    def delete_child(self):
        name = self.random.choice(self.names)
        kind = self.random.choice(["service", "deployment", "statefulset"])
        delete(kind, self.namespace, name, "--ignore-not-found", "--wait=false")

    def corrupt(self):
        name = self.random.choice(self.names)
        with contextlib.suppress(AssertionError):  # the Service may just have been deleted
            patch("service", self.namespace, name,
                  {"spec": {"selector": {"app.kubernetes.io/name": "nobody"}}})


class Promises:
    """Promises records what must not change after the start: node ports, PVCs and foreign
    objects."""

    def __init__(self, namespace, names):
        self.namespace, self.names = namespace, names
        self.ports = {name: get("LocalRegistry", namespace, name)["status"]["nodePort"]
                      for name in names}
        self.claims = {claim["metadata"]["name"]: claim["metadata"]["uid"]
                       for claim in objects("PersistentVolumeClaim", namespace)}
        apply(namespace, {"apiVersion": "v1", "kind": "Service",
                          "metadata": {"name": "foreign"}, "spec": {"ports": [{"port": 80}]}})
        make_foreign = local_registry("loser", name="foreign", localbuild=True)
        apply(namespace, make_foreign)
        self.foreign = get("Service", namespace, "foreign")

    def hold(self, users):
        for name in self.names:
            wait_until(f"{name} is as declared", functools.partial(
                self.is_declared, name, users.specs[name].get("port", 5000)), CONVERGED_SECONDS)
            wait_ready(self.namespace, name, CONVERGED_SECONDS)
            self.is_declared(name, users.specs[name].get("port", 5000))
        claims = {claim["metadata"]["name"]: claim["metadata"]["uid"]
                  for claim in objects("PersistentVolumeClaim", self.namespace)}
        assert claims == self.claims, "a claim was deleted or made anew"
        foreign = get("Service", self.namespace, "foreign")
        assert foreign == self.foreign, "somebody else's object was written"
        assert condition(self.namespace, "Accepted", "loser")[:2] == ("False", "NameConflict")


    def is_declared(self, name, port):
        status = get("LocalRegistry", self.namespace, name)["status"]
        assert status["nodePort"] == self.ports[name], f"the port of {name} has changed"
        service = get("Service", self.namespace, name)
        assert service, "its Service is missing"
        assert service["spec"]["ports"][0]["nodePort"] == self.ports[name]
        assert service["spec"]["ports"][0]["port"] == port
        assert service["spec"]["selector"]["app.kubernetes.io/name"] != "nobody"
        kind = "StatefulSet" if name in self.claims else "Deployment"
        assert get(kind, self.namespace, name), f"its {kind} is missing"
        return True


def resident_kilobytes():
    pod = release.wait_leading()
    text = pathlib.Path(f"/proc/{release.process(pod)}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1))


@pytest.fixture(autouse=True)
def operator_as_installed():
    """Starts each test with one leading replica and the chart's default values."""
    release.upgrade()
    release.wait_ready()
    release.wait_leading()


def quiet(audit_seconds=QUIET_SECONDS):
    """Waits until the operator writes nothing but its Lease and events."""
    deadline = time.monotonic() + CONVERGED_SECONDS
    while True:
        audit = release.Audit()
        time.sleep(audit_seconds)
        if audit.writes("leases", "events") == []:
            return
        assert time.monotonic() < deadline, audit.writes("leases", "events")


def test_whatever_dies_or_falls_silent_the_registries_end_up_as_declared(namespace):
    users = Users(SEED, namespace)
    users.begin()
    promises = Promises(namespace, users.names)
    chaos = Chaos(SEED, users.work)
    faults, deadline, turns = [], time.monotonic() + SECONDS, 0
    while time.monotonic() < deadline or turns < len(chaos.all()):
        if not faults:
            faults = chaos.all()
            chaos.random.shuffle(faults)
        fault = faults.pop()
        begin = time.monotonic()
        fault()
        wait_until("the node is ready", node_is_ready)
        promises.hold(users)
        turns += 1
        print(f"{fault.__name__}: as declared after {time.monotonic() - begin:.1f} s", flush=True)
    quiet()
    print(f"{turns} turns")


def test_a_connection_that_is_half_open_is_found_out_in_time(namespace):
    """The connections stay open, but their packets are dropped. The operator still sees changes."""
    make(namespace, without_sidecar())
    port = get("LocalRegistry", namespace, "dev")["status"]["nodePort"]
    ports = ports_to_the_api(release.wait_leading())
    assert len(ports) >= 7, "one connection for each watch"
    listed = ", ".join(map(str, ports))
    with dropped(f"tcp sport {{ {listed} }}", f"tcp dport {{ {listed} }}"):
        begin = time.monotonic()
        delete("service", namespace, "registry", "--wait=false")
        wait_until("the Service is back", lambda: get("Service", namespace, "registry"),
                   2 * HALF_OPEN_SECONDS)
        took = time.monotonic() - begin
    print(f"healed {took:.1f} s after all connections had gone dead")
    assert took <= HALF_OPEN_SECONDS + 10
    assert get("Service", namespace, "registry")["spec"]["ports"][0]["nodePort"] == port


def test_memory_does_not_grow_over_watches_that_break_and_lists_that_are_read_again(namespace):
    for number in range(4):
        make(namespace, without_sidecar(f"r{number}", name=f"r{number}"))
    turns = max(6, SECONDS // 10)
    sizes = []
    for _ in range(turns):
        cluster("kill", "kube-apiserver")
        cluster("start", "kube-apiserver")
        wait_until("the API server serves", api_answers, API_SECONDS)
        release.wait_leading()
        time.sleep(2)
        sizes.append(resident_kilobytes())
    print(f"resident after each turn, KB: {sizes}")
    early, late = max(sizes[:3]), max(sizes[-3:])
    assert late <= early * 1.1 + 512, sizes
