"""Tenants cannot harm each other, and a contested name belongs to one resource.

The tests use a separate control plane.
"""
import contextlib
import json

import pytest
import yaml

from program_test import plane, running, served  # noqa: F401 (fixtures)
from world import Failed, wait_until

pytestmark = pytest.mark.xdist_group("program")  # all these tests share one control plane

PAIRS = 60
POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-nodeports}
spec:
  failurePolicy: Fail
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: policed}}
    resourceRules:
    - {apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [services]}
  validations:
  - expression: "object.spec.type != 'NodePort'"
    message: "Services of type NodePort are not allowed: ask platform@acme.test"
"""
BINDING = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-nodeports}
spec: {policyName: no-nodeports, validationActions: [Deny]}
"""


def lreg(namespace, name, /, **spec):
    return {"apiVersion": "localregistry.dev/v1alpha1", "kind": "LocalRegistry",
            "metadata": {"name": name, "namespace": namespace}, "spec": spec}


class World:
    def __init__(self, cluster):
        self.kubectl = cluster.kubectl

    def apply(self, *objects):
        self.kubectl("apply", "--filename", "-", stdin=yaml.safe_dump_all(objects))

    def namespace(self, name, **annotations):
        self.apply({"apiVersion": "v1", "kind": "Namespace",
                    "metadata": {"name": name, "annotations": {
                        f"localregistry.dev/{key.replace('_', '-')}": value
                        for key, value in annotations.items()}}})

    def get(self, kind, namespace, name):
        with contextlib.suppress(Failed):
            return json.loads(self.kubectl("-n", namespace, "get", kind, name, "-o", "json"))
        return None

    def status(self, namespace, name):
        return self.get("lreg", namespace, name).get("status", {})

    def condition(self, namespace, name, kind):
        for condition in self.status(namespace, name).get("conditions", []):
            if condition["type"] == kind:
                return condition
        return {}

    def wait_reason(self, namespace, name, kind, reason):
        wait_until(f"{namespace}/{name}: {kind} is {reason}",
                   lambda: self.condition(namespace, name, kind).get("reason") == reason)
        return self.condition(namespace, name, kind)["message"]

    def wait_port(self, namespace, name):
        wait_until(f"{namespace}/{name} has a node port",
                   lambda: self.status(namespace, name).get("nodePort"))
        return self.status(namespace, name)["nodePort"]

    def delete(self, kind, namespace, name):
        self.kubectl("-n", namespace, "delete", kind, name, "--timeout=30s")


@pytest.fixture
def world(served, tmp_path):  # noqa: F811
    with running(tmp_path, served.kubeconfig, "--allowed-images=registry,moby/buildkit") as program:
        program.wait_ready()
        yield World(served)


def test_of_two_resources_in_one_apply_the_older_has_the_name(world):
    world.namespace("pairs")
    images = [{"name": "a", "image": "registry.acme.invalid/a"}]
    variants = [({}, {}), ({}, {"persistence": {"enabled": True, "whenDeleted": "Delete"}}),
                ({"images": images}, {"images": images}), ({"images": images}, {})]
    objects = []
    for number in range(PAIRS):
        first, second = variants[number % len(variants)]
        objects += [lreg("pairs", f"first-{number}", name=f"n{number}", **first),
                    lreg("pairs", f"second-{number}", name=f"n{number}", **second)]
    world.apply(*objects)
    for number in range(PAIRS):
        world.wait_port("pairs", f"first-{number}")
        message = world.wait_reason("pairs", f"second-{number}", "Accepted", "NameConflict")
        assert f"pairs/first-{number} already uses the name" in message
        uid = world.get("lreg", "pairs", f"first-{number}")["metadata"]["uid"]
        for kind in "service", "deployment":
            owner = world.get(kind, "pairs", f"n{number}")["metadata"]["ownerReferences"][0]
            assert owner["uid"] == uid, f"the {kind} of pair {number}"
        entries = world.status("pairs", f"second-{number}").get("images", [])
        assert [entry for entry in entries if entry.get("resolved")] == []


def test_a_port_that_no_service_has_is_not_named_and_comes_back(world):
    world.namespace("policed")
    world.apply(lreg("policed", "dev", enabled=True,
                     images=[{"name": "a", "image": "registry.acme.invalid/a"}]))
    port = world.wait_port("policed", "dev")
    world.apply(*yaml.safe_load_all(POLICY), *yaml.safe_load_all(BINDING))

    def refused():
        with contextlib.suppress(Failed):
            world.kubectl("-n", "policed", "create", "service", "nodeport", "x", "--tcp=1:1",
                          "--dry-run=server")
            return False
        return True

    wait_until("the policy holds", refused)
    world.delete("service", "policed", "registry")
    message = world.wait_reason("policed", "dev", "Available", "Forbidden")
    assert "ask platform@acme.test" in message
    status = world.status("policed", "dev")
    assert (status.get("nodePort"), status.get("url")) == (None, None)
    assert status["lastNodePort"] == port and "resolved" not in status["images"][0]
    world.delete("validatingadmissionpolicybinding", "default", "no-nodeports")
    wait_until("the same port comes back",
               lambda: world.status("policed", "dev").get("nodePort") == port, seconds=60)
    status = world.status("policed", "dev")
    assert status["url"] == f"localhost:{port}" and "lastNodePort" not in status
    assert status["images"][0]["resolved"] == f"localhost:{port}/a"
    world.kubectl("delete", "validatingadmissionpolicy", "no-nodeports")


def test_the_node_port_survives_a_time_without_a_registry(world):
    world.namespace("pause")
    world.apply(lreg("pause", "dev"))
    port = world.wait_port("pause", "dev")
    world.apply(lreg("pause", "dev", enabled=False))
    wait_until("the Service is gone", lambda: world.get("service", "pause", "registry") is None)
    wait_until("no port is named", lambda: not world.status("pause", "dev").get("nodePort"))
    world.apply(lreg("pause", "dev", enabled=True))
    assert world.wait_port("pause", "dev") == port


def test_a_retained_pvc_of_another_namespace_is_neither_used_nor_deleted(world):
    world.namespace("shared", allow_from="team-a,team-b")
    world.namespace("team-a")
    world.namespace("team-b")
    world.apply(lreg("team-a", "dev", namespace="shared", persistence={"enabled": True}))
    world.wait_port("team-a", "dev")
    uid = world.get("pvc", "shared", "registry")["metadata"]["uid"]
    assert "app.kubernetes.io/instance" not in world.get("pvc", "shared", "registry")["metadata"][
        "labels"]
    world.delete("lreg", "team-a", "dev")
    assert world.get("service", "shared", "registry") is None
    takes = {"namespace": "shared", "persistence": {"enabled": True, "whenDeleted": "Delete"}}
    world.apply(lreg("team-b", "dev", **takes))
    message = world.wait_reason("team-b", "dev", "Accepted", "NameConflict")
    assert "holds the images of LocalRegistry team-a/dev" in message
    assert world.get("statefulset", "shared", "registry") is None
    world.delete("lreg", "team-b", "dev")
    kept = world.get("pvc", "shared", "registry")["metadata"]
    assert kept["uid"] == uid and "deletionTimestamp" not in kept
    world.apply(lreg("team-a", "again", **takes))
    world.wait_port("team-a", "again")
    assert world.get("pvc", "shared", "registry")["metadata"]["uid"] == uid
    world.delete("lreg", "team-a", "again")


def test_forged_children_change_nothing_of_another_tenants_resource(world):
    world.namespace("victims")
    world.namespace("team-c")
    world.apply(lreg("victims", "dev"))
    world.wait_port("victims", "dev")
    before = world.get("lreg", "victims", "dev")
    uid = before["metadata"]["uid"]
    for number, owner_uid in enumerate(["", "uid-earlier", uid]):
        world.apply({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": f"forged-{number}", "namespace": "team-c",
                         "labels": {"app.kubernetes.io/managed-by": "local-registry-operator",
                                    "localregistry.dev/owner-uid": owner_uid},
                         "annotations": {"localregistry.dev/owner": "victims/dev"}},
            "spec": {"ports": [{"port": 80}]}})
    world.apply(lreg("team-c", "after"))  # the operator has seen the forged objects by then
    world.wait_port("team-c", "after")
    world.delete("lreg", "team-c", "after")
    assert world.get("lreg", "victims", "dev")["metadata"] == before["metadata"]
    for number in range(3):
        assert world.get("service", "team-c", f"forged-{number}") is not None
    events = json.loads(world.kubectl("-n", "victims", "get", "events", "-o", "json"))["items"]
    assert [event["reason"] for event in events if event["reason"] == "Deleted"] == []


def test_another_namespace_grants_images_and_pull_secrets_by_lists(world):
    world.namespace("host", allow_from="guest", allow_pull_secrets="shared-pull")
    world.namespace("guest")
    world.apply(lreg("guest", "dev", namespace="host", image="ghcr.io/evil/miner:1"))
    assert "--allowed-images" in world.wait_reason("guest", "dev", "Accepted", "ImageNotAllowed")
    world.apply(lreg("guest", "dev", namespace="host", image="registry:3",
                     imagePullSecrets=[{"name": "production"}]))
    assert "allow-pull-secrets" in world.wait_reason("guest", "dev", "Accepted",
                                                     "PullSecretNotAllowed")
    assert world.get("deployment", "host", "registry") is None
    world.apply(lreg("guest", "dev", namespace="host", image="registry:3",
                     imagePullSecrets=[{"name": "shared-pull"}]))
    world.wait_port("guest", "dev")
    world.delete("lreg", "guest", "dev")


def test_a_namespace_that_is_not_watched_keeps_the_resource(served, tmp_path):  # noqa: F811
    world = World(served)
    world.namespace("far", allow_from="near")
    world.namespace("near")
    with running(tmp_path, served.kubeconfig, "--watch-namespaces=near,far") as program:
        program.wait_ready()
        world.apply(lreg("near", "dev", namespace="far"))
        world.wait_port("near", "dev")
    with running(tmp_path, served.kubeconfig, "--watch-namespaces=near") as program:
        program.wait_ready()
        world.kubectl("-n", "near", "delete", "lreg", "dev", "--wait=false")
        message = world.wait_reason("near", "dev", "CleanupBlocked", "NamespaceNotWatched")
        assert "namespace far" in message and "--watch-namespaces" in message
        assert world.get("service", "far", "registry") is not None
    with running(tmp_path, served.kubeconfig, "--watch-namespaces=near,far") as program:
        program.wait_ready()
        wait_until("it is gone", lambda: world.get("lreg", "near", "dev") is None)
        assert world.get("service", "far", "registry") is None
        assert world.get("deployment", "far", "registry") is None
