"""The operator restores what users edit or delete, and leaves the objects and fields of others
alone."""
import json

from registries import (make, node_port, push, wait_condition, wait_event, wait_ready,
                        without_sidecar)
from world import apply, delete, get, kubectl, patch, stays, wait_until


def spec_of(kind, namespace, name="registry"):
    """Returns the spec as text."""
    found = get(kind, namespace, name)
    return found and json.dumps(found["spec"], sort_keys=True)


def edited_and_healed(kind, namespace, change, name="registry"):
    """Applies the merge patch and waits until spec and labels are restored."""
    def seen():
        return spec_of(kind, namespace, name), get(kind, namespace, name)["metadata"]["labels"]

    before = seen()
    patch(kind, namespace, name, change)
    wait_until(f"{kind} is as it was after {change}", lambda: seen() == before)


def deleted_and_healed(kind, namespace, name="registry"):
    """Deletes the object and waits for one with the same spec and another UID."""
    before, uid = spec_of(kind, namespace, name), get(kind, namespace, name)["metadata"]["uid"]
    delete(kind, namespace, name, "--wait=false")

    def back():
        found = get(kind, namespace, name)
        return found and found["metadata"]["uid"] != uid and spec_of(kind, namespace, name)

    wait_until(f"{kind} is there again", back)
    return before, spec_of(kind, namespace, name)


def test_an_edited_deployment_comes_back_as_it_was(namespace):
    make(namespace, without_sidecar())
    edited_and_healed("Deployment", namespace, {"spec": {"replicas": 3}})
    edited_and_healed("Deployment", namespace, {"metadata": {"labels": {
        "app.kubernetes.io/managed-by": "me"}}})
    before = spec_of("Deployment", namespace)
    container = {"name": "registry", "image": "busybox:1.36"}
    kubectl("--namespace", namespace, "patch", "deployment", "registry", "--patch", json.dumps(
        {"spec": {"template": {"spec": {"containers": [container]}}}}))
    wait_until("the image is as it was", lambda: spec_of("Deployment", namespace) == before)
    wait_event(namespace, "Healed", containing="Deployment")
    wait_ready(namespace)


def test_a_deployment_that_was_switched_to_rolling_updates_is_the_same_and_recreates_again(
        namespace):
    make(namespace, without_sidecar())
    uid = get("Deployment", namespace, "registry")["metadata"]["uid"]
    edited_and_healed("Deployment", namespace, {"spec": {"strategy": {
        "type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}})
    found = get("Deployment", namespace, "registry")
    assert found["spec"]["strategy"] == {"type": "Recreate"}
    assert found["metadata"]["uid"] == uid
    wait_event(namespace, "Healed", containing="spec.strategy")


def test_a_deleted_deployment_comes_back(namespace):
    make(namespace, without_sidecar())
    before, after = deleted_and_healed("Deployment", namespace)
    assert before == after
    wait_ready(namespace)


def service_ports(namespace):
    return [one["port"] for one in get("Service", namespace, "registry")["spec"]["ports"]]


def test_an_edited_service_comes_back_as_it_was(namespace):
    port = make(namespace, without_sidecar())["nodePort"]
    edited_and_healed("Service", namespace, {"spec": {"selector": {
        "app.kubernetes.io/name": "other"}}})
    edited_and_healed("Service", namespace, {"spec": {"type": "ClusterIP"}})
    patch("Service", namespace, "registry", {"spec": {"ports": [{
        "name": "registry", "port": 5000, "targetPort": 1, "nodePort": None}]}})
    wait_until("the target port is as it was", lambda: get(
        "Service", namespace, "registry")["spec"]["ports"][0]["targetPort"] in (5000, "registry"))
    assert node_port(namespace) == port
    uid = get("Service", namespace, "registry")["metadata"]["uid"]
    patch("Service", namespace, "registry", {"spec": {"ports": [{"name": "registry", "port": 80}]}})
    wait_until("the port is as it was", lambda: service_ports(namespace) == [5000])
    assert node_port(namespace) == port
    assert get("Service", namespace, "registry")["metadata"]["uid"] == uid, "it was made anew"
    assert wait_ready(namespace)["nodePort"] == port
    push(port)


def test_a_deleted_service_comes_back_with_the_same_port(namespace):
    port = make(namespace, without_sidecar())["nodePort"]
    for _ in range(3):
        deleted_and_healed("Service", namespace)
        assert node_port(namespace) == port
    assert wait_ready(namespace)["nodePort"] == port
    push(port)


def test_a_port_that_was_taken_meanwhile_is_replaced_with_a_warning(namespace):
    port = make(namespace, without_sidecar())["nodePort"]
    patch("lreg", namespace, "dev", {"spec": {"suspend": True}})
    wait_condition(namespace, "Ready", None, "Suspended")
    delete("Service", namespace, "registry")
    apply(namespace, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "thief"},
                      "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]}})
    patch("lreg", namespace, "dev", {"spec": {"suspend": False}})
    status = wait_ready(namespace)
    assert status["nodePort"] == node_port(namespace) != port
    wait_event(namespace, "PortChanged", "Warning", containing=str(status["nodePort"]))
    assert get("Service", namespace, "thief")["spec"]["ports"][0]["nodePort"] == port
    push(status["nodePort"])


def test_an_edited_or_deleted_stateful_set_comes_back(namespace):
    make(namespace, without_sidecar(persistence={"enabled": True}))
    edited_and_healed("StatefulSet", namespace, {"spec": {"replicas": 0}})
    before, after = deleted_and_healed("StatefulSet", namespace)
    assert before == after
    wait_ready(namespace)


def test_the_labels_of_an_edited_claim_come_back(namespace):
    make(namespace, without_sidecar(persistence={"enabled": True}))
    edited_and_healed("PersistentVolumeClaim", namespace, {"metadata": {"labels": {
        "app.kubernetes.io/managed-by": None}}})


def test_a_deleted_claim_comes_back_and_the_port_stays(namespace):
    """The pod uses the old PVC and is replaced, too. The images are lost with the PVC that the test
    deletes."""
    port = make(namespace, without_sidecar(persistence={"enabled": True}))["nodePort"]
    before, after = deleted_and_healed("PersistentVolumeClaim", namespace)
    assert json.loads(before)["resources"] == json.loads(after)["resources"]
    wait_condition(namespace, "StorageReady", "True", "Bound")
    assert wait_ready(namespace)["nodePort"] == port
    push(port)


def test_fields_of_others_are_left_alone(namespace):
    make(namespace, without_sidecar())
    foreign = {"metadata": {"annotations": {"example.com/note": "mine"},
                            "labels": {"example.com/team": "a"}}}
    patch("Deployment", namespace, "registry", foreign)
    patch("Service", namespace, "registry", {**foreign, "spec": {"sessionAffinity": "ClientIP"}})
    edited_and_healed("Deployment", namespace, {"spec": {"replicas": 2}})
    for kind in ("Deployment", "Service"):
        metadata = get(kind, namespace, "registry")["metadata"]
        assert metadata["annotations"]["example.com/note"] == "mine"
        assert metadata["labels"]["example.com/team"] == "a"
    assert get("Service", namespace, "registry")["spec"]["sessionAffinity"] == "ClientIP"


def test_a_suspended_resource_is_not_healed_until_it_is_resumed(namespace):
    make(namespace, without_sidecar())
    patch("lreg", namespace, "dev", {"spec": {"suspend": True}})
    wait_condition(namespace, "Ready", None, "Suspended")
    delete("Deployment", namespace, "registry")
    stays("nothing is created", lambda: get("Deployment", namespace, "registry") is None)
    patch("lreg", namespace, "dev", {"spec": {"suspend": False}})
    wait_ready(namespace)
