"""The operator is killed, restarted, run twice and watched: it converges, and then writes
nothing."""
import json
import os
import signal
import subprocess
import time

import pytest

import release
from registries import (children, local_registry, make, push, wait_condition,
                        wait_ready, without_sidecar)
from world import (apply, get, kubectl, objects, on_node, patch, wait_until)

pytestmark = pytest.mark.alone

QUIET_SECONDS = 30
LEASE_SECONDS = 15  # until a dead leader's Lease expires
TAKE_OVER_SECONDS = LEASE_SECONDS + 10
# A killed container waits for the kubelet's back-off (at most 5 s in this cluster) before it
# starts, and only then begins to watch the Lease of its dead predecessor.
RESTART_SECONDS = TAKE_OVER_SECONDS + 20
HAND_OVER_SECONDS = 1.0
KILL_AFTER = [0.0, 0.02, 0.1, 0.4]  # seconds after the resource was applied


@pytest.fixture(autouse=True)
def operator_as_installed():
    """Starts each test with one leading replica and the chart's default values."""
    release.upgrade()
    release.wait_ready()
    release.wait_leading(RESTART_SECONDS)


def wait_only(namespace):
    """Waits until the resources of earlier tests are gone, since their removal causes writes."""
    wait_until("no other LocalRegistry", lambda: all(
        registry["metadata"]["namespace"].startswith(namespace)
        for registry in objects("LocalRegistry")), seconds=120)


def a_few(namespace):
    """Makes one registry of each kind and waits until all are Ready."""
    make(namespace, without_sidecar("one", name="one"))
    make(namespace, without_sidecar("two", name="two", persistence={"enabled": True}))
    make(namespace, local_registry("three", name="three"))


def settled(audit, seconds=5, limit=60):
    """Waits until the operator writes nothing for some seconds."""
    deadline, count, since = time.monotonic() + limit, -1, time.monotonic()
    while time.monotonic() - since < seconds:
        assert time.monotonic() < deadline, audit.writes("leases")
        now = len(audit.writes("leases"))
        if now != count:
            count, since = now, time.monotonic()
        time.sleep(0.2)


def test_a_converged_cluster_causes_no_writes(namespace):
    audit = release.Audit()
    a_few(namespace)
    wait_only(namespace)
    assert audit.writes("leases"), "the audit log does not show the operator's writes"
    settled(audit)
    audit = release.Audit()
    time.sleep(QUIET_SECONDS)
    assert audit.writes("leases") == []


def test_a_restart_of_the_operator_writes_nothing_when_all_is_converged(namespace):
    a_few(namespace)
    wait_only(namespace)
    settled(release.Audit())
    audit = release.Audit()
    old = release.wait_leader()["metadata"]["uid"]
    kubectl("--namespace", release.NAMESPACE, "delete", "pod", "--all", "--wait=false")
    release.wait_leader(other_than=old)
    release.wait_ready()
    time.sleep(5)
    assert audit.writes("leases") == []


def test_an_operator_that_is_killed_at_any_moment_of_a_creation_converges(namespace):
    """Kills the operator at each moment while it creates a resource, with and without a PVC in
    turns."""
    expected = []
    for number, delay in enumerate(KILL_AFTER):
        release.wait_leading(RESTART_SECONDS)
        name, persistent = f"r{number}", number % 2 == 1
        apply(namespace, without_sidecar(name, name=name, persistence={"enabled": persistent}))
        time.sleep(delay)
        release.kill_all()
        expected += [f"{'StatefulSet' if persistent else 'Deployment'}/{name}", f"Service/{name}"]
        expected += [f"PersistentVolumeClaim/{name}"] if persistent else []
    for number in range(len(KILL_AFTER)):
        push(wait_ready(namespace, f"r{number}")["nodePort"])
    assert children(namespace) == sorted(expected)
    settled(release.Audit())


def test_an_operator_that_restarts_while_objects_change_converges(namespace):
    names = [f"r{number}" for number in range(4)]
    for name in names:
        apply(namespace, without_sidecar(name, name=name))
    for turn in range(3):
        release.kill_all()
        for name in names:
            patch("lreg", namespace, name, {"spec": {"port": 5001 + turn}})
            kubectl("--namespace", namespace, "delete", "deployment,service", name,
                    "--ignore-not-found", "--wait=false")
            kubectl("--namespace", namespace, "label", "lreg", name, f"turn={turn}",
                    "--overwrite")
    kubectl("--namespace", namespace, "delete", "lreg", names[0], "--wait=false")
    for name in names[1:]:
        status = wait_ready(namespace, name)
        assert status["clusterURL"].endswith(":5003")
        push(status["nodePort"])
    wait_until("the deleted one is gone", lambda: f"Deployment/{names[0]}" not in children(
        namespace) and get("LocalRegistry", namespace, names[0]) is None)
    settled(release.Audit())


def test_the_other_replica_takes_over_when_the_leader_is_killed(namespace):
    release.upgrade("replicas=2")
    release.wait_ready(2)
    old = release.wait_leader()
    # The leader disappears as with its node: it is killed, and its pod object is deleted at once.
    release.send(old, signal.SIGKILL)
    kubectl("--namespace", release.NAMESPACE, "delete", "pod", old["metadata"]["name"],
            "--grace-period=0", "--force", "--wait=false")
    killed = time.monotonic()
    apply(namespace, without_sidecar())
    release.wait_leader(other_than=old["metadata"]["uid"], seconds=TAKE_OVER_SECONDS)
    took = time.monotonic() - killed
    print(f"take-over after SIGKILL: {took:.1f} s")
    push(wait_ready(namespace)["nodePort"])


def test_a_leader_that_is_told_to_stop_hands_over_within_a_second(namespace):
    release.upgrade("replicas=2")
    release.wait_ready(2)
    old = release.wait_leader()
    sent = release.send(old, signal.SIGTERM)
    release.wait_leader(other_than=old["metadata"]["uid"], seconds=TAKE_OVER_SECONDS)
    took = time.monotonic() - sent
    print(f"hand-over after SIGTERM: {took:.2f} s")
    assert took < HAND_OVER_SECONDS
    apply(namespace, without_sidecar())
    wait_ready(namespace)


def test_only_the_leader_writes(namespace):
    release.upgrade("replicas=2")
    pods = release.wait_ready(2)
    leader = release.wait_leader()
    waiting = next(pod for pod in pods if pod["metadata"]["uid"] != leader["metadata"]["uid"])
    make(namespace, without_sidecar())
    status = {pod["metadata"]["name"]: metric(release.fetch("/metrics", pod=pod),
                                              "leader_election_master_status")
              for pod in (leader, waiting)}
    assert status == {leader["metadata"]["name"]: 1, waiting["metadata"]["name"]: 0}
    assert not metric(release.fetch("/metrics", pod=waiting), "controller_runtime_reconcile_total")


def metric(text, name):
    """Returns the sum of all series of a metric."""
    return sum(float(line.split()[-1]) for line in text.splitlines()
               if line.startswith((name + "{", name + " ")))


def test_a_real_prometheus_scrapes_the_operator(namespace, tmp_path):
    make(namespace, without_sidecar())
    address = f"{release.wait_leader()['status']['podIP']}:{release.METRICS_PORT}"
    (tmp_path / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s}}
scrape_configs:
- job_name: local-registry-operator
  metrics_path: /metrics
  static_configs: [{{targets: ["{address}"]}}]
""")
    command = os.environ["NETNS_EXEC"].split() + [
        "prometheus", f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/data", "--web.listen-address=127.0.0.1:19090"]
    with (tmp_path / "log").open("w") as log:
        prometheus = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        for query, least in ((f'up{{instance="{address}"}}', 1),
                             ('controller_runtime_reconcile_total{result="success"}', 0),
                             ("controller_runtime_max_concurrent_reconciles", 1),
                             ("workqueue_adds_total", 1), ("process_resident_memory_bytes", 1e6),
                             ("rest_client_requests_total", 1), ("localregistry_resources", 0)):
            wait_until(query, lambda q=query, n=least: scraped(q, n))
    finally:
        prometheus.terminate()
        prometheus.wait(20)


def scraped(query, least):
    """Returns whether a series of the query is at least this large. False also while Prometheus
    starts: then curl fails."""
    answer = json.loads(on_node("curl", "--silent", "--fail", "--get", "--data-urlencode",
                                f"query={query}", "http://127.0.0.1:19090/api/v1/query"))
    return any(float(series["value"][1]) >= least for series in answer["data"]["result"])


def test_promtool_finds_nothing_wrong_with_the_metrics(namespace):
    make(namespace, without_sidecar())
    checked = subprocess.run(["promtool", "check", "metrics"], input=release.fetch("/metrics"),
                             capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_on_kind_images_are_loaded_and_no_registry_runs(request, namespace):
    """An additional Node object makes the cluster look like KinD."""
    apply("", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a-kind-node"},
               "spec": {"providerID": "kind://docker/kind/a-kind-node", "unschedulable": True}})

    def leave():
        kubectl("delete", "node", "a-kind-node")
        release.restart()

    request.addfinalizer(leave)
    release.restart()  # the operator reads the nodes only once a minute
    apply(namespace, without_sidecar())
    wait_condition(namespace, "Ready", "True", "KindLoad")
    assert get("LocalRegistry", namespace, "dev")["status"]["delivery"] == "KindLoad"
    assert children(namespace) == []
    patch("lreg", namespace, "dev", {"spec": {"enabled": True}})
    assert wait_ready(namespace)["delivery"] == "LocalRegistry"


def test_nothing_in_the_log_is_an_error_when_all_goes_well(namespace):
    make(namespace, without_sidecar())
    bad = [line for line in release.logs().splitlines() if " error " in line]
    assert bad == [], bad
