"""Images in a PVC survive pods, workloads and changes of the spec. They are removed only on
request."""
import pytest

from registries import (children, holds, make, push, registry_pod, run_pod, wait_condition,
                        wait_event, wait_ready, without_sidecar, IMAGE)
from world import apply, delete, get, kubectl, patch, stays, wait_until


def persistent(name="dev", /, **persistence):
    return without_sidecar(name, persistence={"enabled": True, "size": "1Gi", **persistence})


def claim(namespace):
    return get("PersistentVolumeClaim", namespace, "registry")


def claimed_size(namespace):
    return claim(namespace)["spec"]["resources"]["requests"]["storage"]


@pytest.fixture
def kept_image(namespace):
    """Makes a persistent registry with an image in it and returns its port."""
    status = make(namespace, persistent())
    assert status["workload"] == "StatefulSet/registry" and status["volumeClaim"] == "registry"
    push(status["nodePort"])
    return status["nodePort"]


def test_images_survive_the_deletion_of_the_pod_and_of_the_stateful_set(namespace, kept_image):
    assert children(namespace) == ["PersistentVolumeClaim/registry", "Service/registry",
                                   "StatefulSet/registry"]
    uid = registry_pod(namespace)["metadata"]["uid"]
    delete("pod", namespace, "registry-0", "--grace-period=1")
    wait_until("another pod", lambda: registry_pod(namespace)["metadata"]["uid"] != uid)
    wait_ready(namespace)
    wait_until("the image after the pod", lambda: holds(kept_image))
    delete("statefulset", namespace, "registry")
    wait_ready(namespace)
    wait_until("the image after the StatefulSet", lambda: holds(kept_image))
    assert run_pod(namespace, f"localhost:{kept_image}/{IMAGE}", "echo", "kept") == "kept\n"


def test_switching_persistence_off_and_on_again_finds_the_images(namespace, kept_image):
    uid = claim(namespace)["metadata"]["uid"]
    patch("lreg", namespace, "dev", {"spec": {"persistence": {"enabled": False}}})
    status = wait_ready(namespace)
    assert status["workload"] == "Deployment/registry" and status["nodePort"] == kept_image
    wait_until("no StatefulSet", lambda: get("StatefulSet", namespace, "registry") is None)
    wait_until("an empty registry", lambda: not holds(kept_image))
    patch("lreg", namespace, "dev", {"spec": {"persistence": {"enabled": True}}})
    assert wait_ready(namespace)["workload"] == "StatefulSet/registry"
    wait_until("no Deployment", lambda: get("Deployment", namespace, "registry") is None)
    wait_until("the image is found again", lambda: holds(kept_image))
    assert claim(namespace)["metadata"]["uid"] == uid


def test_deleting_the_resource_keeps_the_claim(namespace, kept_image):
    uid = claim(namespace)["metadata"]["uid"]
    delete("lreg", namespace, "dev", "--timeout=30s")
    wait_until("the workload is gone", lambda: get("StatefulSet", namespace, "registry") is None)
    stays("the claim is there", lambda: claim(namespace)["metadata"]["uid"] == uid and
          "deletionTimestamp" not in claim(namespace)["metadata"])
    port = make(namespace, persistent())["nodePort"]
    wait_until("a new resource finds the image", lambda: holds(port))
    assert claim(namespace)["metadata"]["uid"] == uid
    assert kept_image


def test_deleting_the_resource_removes_the_claim_when_asked_to(namespace):
    make(namespace, persistent(whenDeleted="Delete"))
    delete("lreg", namespace, "dev", "--timeout=60s")
    wait_until("the claim is gone", lambda: claim(namespace) is None)
    assert children(namespace) == []


def test_switching_off_removes_the_claim_when_asked_to(namespace):
    make(namespace, persistent(whenDeleted="Delete"))
    patch("lreg", namespace, "dev", {"spec": {"persistence": {"enabled": False}}})
    wait_ready(namespace)
    wait_until("the claim is gone", lambda: claim(namespace) is None)


def test_a_claim_grows_where_its_class_allows_it(namespace):
    make(namespace, persistent())
    patch("lreg", namespace, "dev", {"spec": {"persistence": {"size": "2Gi"}}})
    wait_until("the claim asks for more", lambda: claimed_size(namespace) == "2Gi")
    wait_condition(namespace, "Available", "True")


def test_a_smaller_size_is_refused_and_the_registry_keeps_running(namespace, kept_image):
    patch("lreg", namespace, "dev", {"spec": {"persistence": {"size": "500Mi"}}})
    message = wait_condition(namespace, "StorageReady", "False", "ShrinkRefused")
    assert "1Gi" in message
    wait_condition(namespace, "Ready", "False", "ShrinkRefused")
    wait_condition(namespace, "Available", "True")
    wait_event(namespace, "Refused", "Warning")
    assert claimed_size(namespace) == "1Gi" and holds(kept_image)
    patch("lreg", namespace, "dev", {"spec": {"persistence": {"size": "1Gi"}}})
    wait_ready(namespace)


def test_another_storage_class_is_refused_and_the_registry_keeps_running(namespace, kept_image):
    patch("lreg", namespace, "dev", {"spec": {"persistence": {"storageClassName": "other"}}})
    message = wait_condition(namespace, "StorageReady", "False", "StorageClassChangeRefused")
    assert "standard" in message
    wait_condition(namespace, "Ready", "False", "StorageClassChangeRefused")
    wait_condition(namespace, "Available", "True")
    assert claim(namespace)["spec"]["storageClassName"] == "standard" and holds(kept_image)


def test_growth_that_the_class_does_not_allow_is_refused(namespace):
    make(namespace, persistent(storageClassName="other"))
    patch("lreg", namespace, "dev", {"spec": {"persistence": {"size": "2Gi"}}})
    wait_condition(namespace, "StorageReady", "False", "ExpansionRefused")
    wait_condition(namespace, "Available", "True")
    assert claimed_size(namespace) == "1Gi"


def test_a_class_that_does_not_exist_is_told_of(namespace):
    apply(namespace, persistent(storageClassName="missing"))
    wait_condition(namespace, "StorageReady", "False", "Pending")
    wait_condition(namespace, "Ready", "False", "Pending")
    assert "missing" in kubectl("--namespace", namespace, "get", "pvc", "registry")
