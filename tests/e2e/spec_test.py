"""Each field of the spec has its effect, also with two resources that want the same name or
port."""
import random

import pytest

import release
from registries import (IMAGE, answers, children, condition, local_registry, make, node_port, push,
                        registry_pod, run_pod, wait_condition, wait_event, wait_ready,
                        without_sidecar)
from world import apply, delete, get, kubectl, on_node, patch, stays, wait_until

NODE_PORTS = (30000, 32767)


def containers(namespace, name="registry"):
    return {container["name"]: container
            for container in registry_pod(namespace, name)["spec"]["containers"]}


def foreign_service(name, **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"ports": [{"port": 80}], **spec}}


def allow(target, *sources):
    kubectl("annotate", "--overwrite", "namespace", target,
            "localregistry.dev/allow-from=" + ",".join(sources))


def test_the_registry_listens_on_the_port_asked_for(namespace):
    status = make(namespace, without_sidecar(port=5001))
    assert status["clusterURL"] == f"registry.{namespace}.svc:5001"
    assert get("Service", namespace, "registry")["spec"]["ports"][0]["port"] == 5001
    push(status["nodePort"])
    address = registry_pod(namespace)["status"]["podIP"]
    on_node("curl", "--fail", "--silent", f"http://{address}:5001/v2/")
    patch("lreg", namespace, "dev", {"spec": {"port": 5002}})
    assert wait_ready(namespace)["nodePort"] == status["nodePort"]
    wait_until("it answers on the new port", lambda: on_node(
        "curl", "--fail", "--silent",
        f"http://{registry_pod(namespace)['status']['podIP']}:5002/v2/"))


def test_another_image_of_the_registry_runs(namespace):
    port = make(namespace, without_sidecar())["nodePort"]
    push(port, "mirror/registry:own", archive="registry")
    image = f"localhost:{port}/mirror/registry:own"
    other = make(namespace, without_sidecar("other", name="other", image=image))
    assert containers(namespace, "other")["registry"]["image"] == image
    push(other["nodePort"])


def test_an_image_that_cannot_be_pulled_is_told_of(namespace):
    apply(namespace, without_sidecar(image="localhost:1/no/such:image"))
    wait_until("the reason of the container", lambda: condition(namespace, "Available")[1] in (
        "ErrImagePull", "ImagePullBackOff"))
    status, reason, _ = condition(namespace, "Ready")
    assert status == "False" and reason in ("ErrImagePull", "ImagePullBackOff")
    patch("lreg", namespace, "dev", {"spec": {"image": "registry:2.8.1"}})
    wait_ready(namespace)


def test_with_localbuild_there_is_no_buildkit(namespace):
    make(namespace, local_registry(localbuild=True))
    assert set(containers(namespace)) == {"registry"}
    wait_condition(namespace, "BuildKitReady", "False", "LocalBuild")
    patch("lreg", namespace, "dev", {"spec": {"localbuild": False}})
    wait_condition(namespace, "BuildKitReady", "True", "Ready")
    assert set(containers(namespace)) == {"registry", "buildkitd"}


def test_a_pinned_port_is_the_port(namespace):
    port = random.randint(*NODE_PORTS)
    assert make(namespace, without_sidecar(nodePort=port))["nodePort"] == port
    push(port)
    other = port - 1 if port > NODE_PORTS[0] else port + 1
    patch("lreg", namespace, "dev", {"spec": {"nodePort": other}})
    wait_until("the other port", lambda: node_port(namespace) == other)
    assert wait_ready(namespace)["nodePort"] == other


def test_a_pinned_port_that_is_taken_is_told_of_until_it_is_free(namespace):
    taken = make(namespace, without_sidecar())["nodePort"]
    apply(namespace, without_sidecar("second", name="second", nodePort=taken))
    message = wait_condition(namespace, "Ready", "False", "NodePortTaken", "second")
    assert str(taken) in message
    delete("lreg", namespace, "dev")
    assert wait_ready(namespace, "second")["nodePort"] == taken


def test_a_pinned_port_out_of_the_range_of_the_cluster_is_told_of(namespace):
    apply(namespace, without_sidecar(nodePort=80))
    message = wait_condition(namespace, "Ready", "False", "NodePortOutOfRange")
    assert "80" in message
    patch("lreg", namespace, "dev", {"spec": {"nodePort": 0}})
    wait_ready(namespace)


def test_a_running_registry_survives_a_pin_that_cannot_be(namespace):
    port = make(namespace, without_sidecar())["nodePort"]
    patch("lreg", namespace, "dev", {"spec": {"nodePort": 80}})
    wait_condition(namespace, "Ready", "False", "NodePortOutOfRange")
    assert node_port(namespace) == port
    push(port)


def test_another_namespace_without_the_annotation_gets_nothing(namespace, other_namespace):
    apply(namespace, without_sidecar(namespace=other_namespace))
    message = wait_condition(namespace, "Accepted", "False", "NamespaceNotAllowed")
    assert "localregistry.dev/allow-from" in message and other_namespace in message
    wait_condition(namespace, "Ready", "False", "NamespaceNotAllowed")
    allow(other_namespace, "somebody-else")
    stays("nothing is created", lambda: not children(other_namespace))
    allow(other_namespace, "somebody-else", namespace)
    wait_ready(namespace)


def test_another_namespace_that_allows_it_runs_the_registry(namespace, other_namespace):
    allow(other_namespace, namespace)
    status = make(namespace, without_sidecar(namespace=other_namespace))
    assert children(namespace) == []
    assert children(other_namespace) == ["Deployment/registry", "Service/registry"]
    assert status["clusterURL"] == f"registry.{other_namespace}.svc:5000"
    push(status["nodePort"])
    port = status["nodePort"]
    assert run_pod(namespace, f"localhost:{port}/{IMAGE}", "echo", "there") == "there\n"
    kubectl("--namespace", other_namespace, "delete", "deployment", "registry")
    wait_until("the Deployment there is healed", lambda: get(
        "Deployment", other_namespace, "registry"))
    delete("lreg", namespace, "dev", "--timeout=30s")
    wait_until("all there is gone", lambda: not children(other_namespace))


def test_moving_the_registry_to_another_namespace_leaves_nothing_behind(namespace,
                                                                        other_namespace):
    allow(other_namespace, namespace)
    make(namespace, without_sidecar())
    patch("lreg", namespace, "dev", {"spec": {"namespace": other_namespace}})
    wait_ready(namespace)
    wait_until("nothing is left behind", lambda: children(namespace) == [])
    assert children(other_namespace) == ["Deployment/registry", "Service/registry"]


def test_a_namespace_that_does_not_exist_is_awaited(request, namespace):
    missing = namespace[:50] + "-later"
    apply(namespace, without_sidecar(namespace=missing))
    wait_condition(namespace, "Accepted", "False", "NamespaceNotFound")
    request.addfinalizer(lambda: delete("namespace", "", missing, "--wait=false"))
    kubectl("create", "namespace", missing)
    allow(missing, namespace)
    wait_ready(namespace)


def test_of_two_resources_that_want_one_name_the_older_wins(namespace):
    make(namespace, without_sidecar("first"))
    apply(namespace, without_sidecar("second"))
    message = wait_condition(namespace, "Accepted", "False", "NameConflict", "second")
    assert "first" in message
    wait_condition(namespace, "Ready", "True", "Ready", "first")
    uid = get("Deployment", namespace, "registry")["metadata"]["uid"]
    stays("the first one's Deployment is untouched", lambda: get(
        "Deployment", namespace, "registry")["metadata"]["uid"] == uid)
    delete("lreg", namespace, "first")
    wait_ready(namespace, "second")


@pytest.mark.parametrize("kind, manifest", [
    ("Service", foreign_service("registry")),
    ("PersistentVolumeClaim", {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "registry"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}),
    ("Deployment", {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "registry"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "x"}}, "template": {
            "metadata": {"labels": {"app": "x"}},
            "spec": {"containers": [{"name": "x", "image": "busybox:1.36"}]}}}}),
])
def test_a_foreign_object_of_that_name_is_never_touched(namespace, kind, manifest):
    apply(namespace, manifest)

    def own(): # state that only a change by the operator would alter
        found = get(kind, namespace, "registry")
        return found["metadata"]["uid"], found["metadata"].get("labels"), [
            entry["manager"] for entry in found["metadata"]["managedFields"]
            if entry["manager"] == release.NAME]

    before = own()
    apply(namespace, without_sidecar(persistence={"enabled": kind != "Deployment"}))
    message = wait_condition(namespace, "Accepted", "False", "NameConflict")
    assert kind in message and "registry" in message
    wait_event(namespace, "Refused", "Warning")
    stays("it is untouched", lambda: own() == before)
    delete("lreg", namespace, "dev", "--timeout=30s")
    stays("it is untouched", lambda: own() == before)


def test_a_resource_goes_on_when_the_foreign_object_is_gone(namespace):
    apply(namespace, foreign_service("registry"))
    apply(namespace, without_sidecar())
    wait_condition(namespace, "Accepted", "False", "NameConflict")
    delete("Service", namespace, "registry")
    wait_ready(namespace)


def test_enabled_false_runs_nothing_and_removes_what_ran(namespace):
    make(namespace, without_sidecar())
    patch("lreg", namespace, "dev", {"spec": {"enabled": False}})
    wait_condition(namespace, "Ready", "True", "Disabled")
    wait_until("nothing is left", lambda: children(namespace) == [])
    status = get("LocalRegistry", namespace, "dev")["status"]
    assert status["delivery"] == "Upstream" and "nodePort" not in status
    wait_condition(namespace, "Available", "False", "NotDeployed")
    patch("lreg", namespace, "dev", {"spec": {"enabled": True}})
    assert wait_ready(namespace)["delivery"] == "LocalRegistry"


def test_another_name_gives_other_objects_and_leaves_none_behind(namespace):
    make(namespace, without_sidecar())
    patch("lreg", namespace, "dev", {"spec": {"name": "images"}})
    wait_ready(namespace)
    wait_until("only the new ones", lambda: children(namespace) == [
        "Deployment/images", "Service/images"])


def test_what_is_passed_to_the_pod_arrives_there(namespace):
    resources = {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}}
    make(namespace, without_sidecar(
        resources=resources, nodeSelector={"kubernetes.io/os": "linux"},
        tolerations=[{"key": "example.com/x", "operator": "Exists"}],
        imagePullSecrets=[{"name": "absent"}]))
    spec = registry_pod(namespace)["spec"]
    assert containers(namespace)["registry"]["resources"] == resources
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert {"key": "example.com/x", "operator": "Exists"} in spec["tolerations"]
    assert spec["imagePullSecrets"] == [{"name": "absent"}]


def test_a_registry_that_fits_on_no_node_is_told_of(namespace):
    apply(namespace, without_sidecar(nodeSelector={"example.com/no": "such-node"}))
    wait_condition(namespace, "Available", "False", "Unschedulable")
    patch("lreg", namespace, "dev", {"spec": {"nodeSelector": None}})
    wait_ready(namespace)


def test_a_registry_that_is_gone_does_not_answer(namespace):
    port = make(namespace, without_sidecar())["nodePort"]
    delete("lreg", namespace, "dev", "--timeout=30s")
    wait_until("the Service is gone", lambda: get("Service", namespace, "registry") is None)
    wait_until("nothing answers on the port", lambda: not answers(port))
