"""A registry's pod is replaced only when it must be, since its images may be lost with it."""
import json
import time

import pytest

from registries import (IMAGE, answers, condition, holds, local_registry, make, push, registry_pod,
                        wait_condition, wait_ready, without_sidecar)
from world import apply, delete, get, kubectl, objects, on_node, patch, stays, wait_until

BROKEN_SIDECAR = {"buildKitImage": "busybox:1.36"}  # cannot start, since this image has no BuildKit
ENDPOINT_SECONDS = 0.4  # until the EndpointSlice shows that a pod is ending


def pod_uid(namespace):
    return registry_pod(namespace)["metadata"]["uid"]


def is_kept(namespace, uid):
    stays("the pod is the same", lambda: pod_uid(namespace) == uid)


def earlier_deployment(namespace):
    """Returns a Deployment as the operator applied it before it recorded pod templates."""
    uid = get("LocalRegistry", namespace, "dev")["metadata"]["uid"]
    labels = {"app.kubernetes.io/component": "registry", "app.kubernetes.io/instance": "registry",
              "app.kubernetes.io/managed-by": "local-registry-operator",
              "app.kubernetes.io/name": "local-registry", "localregistry.dev/owner-uid": uid}
    owner = {"localregistry.dev/owner": f"{namespace}/dev"}
    user = {"runAsNonRoot": True, "runAsUser": 1000, "runAsGroup": 1000,
            "seccompProfile": {"type": "RuntimeDefault"}}
    probe = {"httpGet": {"path": "/v2/", "port": "registry", "scheme": "HTTP"},
             "timeoutSeconds": 5, "failureThreshold": 3}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": "registry", "namespace": namespace, "labels": labels,
            "annotations": {**owner, "localregistry.dev/intent-hash": "a12285dc26dbec8d"},
            "ownerReferences": [{
                "apiVersion": "localregistry.dev/v1alpha1", "kind": "LocalRegistry", "name": "dev",
                "uid": uid, "controller": True, "blockOwnerDeletion": True}]},
        "spec": {
            "replicas": 1, "strategy": {"type": "Recreate"}, "revisionHistoryLimit": 1,
            "selector": {"matchLabels": {key: labels[key] for key in (
                "app.kubernetes.io/instance", "app.kubernetes.io/name")}},
            "template": {
                "metadata": {"labels": labels, "annotations": owner},
                "spec": {
                    "containers": [{
                        "name": "registry", "image": "registry:2.8.1",
                        "env": [{"name": "REGISTRY_HTTP_ADDR", "value": ":5000"},
                                {"name": "REGISTRY_STORAGE_DELETE_ENABLED", "value": "true"}],
                        "ports": [{"name": "registry", "protocol": "TCP", "containerPort": 5000}],
                        "volumeMounts": [{"name": "data", "mountPath": "/var/lib/registry"}],
                        "livenessProbe": {**probe, "initialDelaySeconds": 10, "periodSeconds": 20},
                        "readinessProbe": {**probe, "periodSeconds": 2},
                        "securityContext": {
                            **user, "readOnlyRootFilesystem": True,
                            "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}],
                    "volumes": [{"name": "data", "emptyDir": {}}],
                    "securityContext": {**user, "fsGroup": 1000,
                                        "fsGroupChangePolicy": "OnRootMismatch"},
                    "enableServiceLinks": False, "automountServiceAccountToken": False,
                    "terminationGracePeriodSeconds": 10}}}}


@pytest.fixture
def upgraded(namespace):
    """Makes a registry with a Deployment of an earlier version of the operator, which this version
    then reconciles, and pushes an image. Returns the UID of its pod and its port."""
    apply(namespace, without_sidecar(suspend=True))
    wait_condition(namespace, "Ready", None, "Suspended")
    kubectl("apply", "--server-side", "--field-manager=local-registry-operator", "--filename", "-",
            stdin=json.dumps(earlier_deployment(namespace)))
    wait_until("the pod runs", lambda: registry_pod(namespace)["status"]["phase"] == "Running")
    uid = pod_uid(namespace)
    patch("lreg", namespace, "dev", {"spec": {"suspend": False}})
    port = wait_ready(namespace)["nodePort"]
    push(port)
    return uid, port


def test_another_version_of_the_operator_keeps_the_pod_and_its_images(namespace, upgraded):
    uid, port = upgraded
    message = wait_condition(namespace, "UpToDate", "False", "RestartLosesImages")
    assert "localregistry.dev/restart-requested-at" in message
    patch("lreg", namespace, "dev", {"spec": {
        "enabled": True, "images": [{"name": "app", "image": "ghcr.io/org/app"}],
        "pushSecrets": [{"name": "regcred"}]}})
    wait_ready(namespace)
    patch("Deployment", namespace, "registry", {"spec": {"revisionHistoryLimit": 5}})
    wait_until("the Deployment is healed", lambda: get(
        "Deployment", namespace, "registry")["spec"]["revisionHistoryLimit"] == 1)
    is_kept(namespace, uid)
    assert holds(port)


def test_a_kept_pod_is_replaced_when_the_user_asks_for_it(namespace, upgraded):
    uid, _ = upgraded
    wait_condition(namespace, "UpToDate", "False", "RestartLosesImages")
    kubectl("--namespace", namespace, "annotate", "lreg", "dev",
            "localregistry.dev/restart-requested-at=now")
    wait_until("another pod", lambda: pod_uid(namespace) != uid)
    wait_condition(namespace, "UpToDate", "True")
    assert registry_pod(namespace)["metadata"]["labels"]["app"] == "registry"
    wait_ready(namespace)
    uid = pod_uid(namespace)
    kubectl("--namespace", namespace, "annotate", "--overwrite", "lreg", "dev",
            "localregistry.dev/restart-requested-at=later")
    is_kept(namespace, uid)


def test_a_kept_pod_is_replaced_by_a_new_template_when_it_is_gone(namespace, upgraded):
    uid, _ = upgraded
    delete("pod", namespace, "--selector=app.kubernetes.io/instance=registry", "--wait=false")
    wait_until("another pod", lambda: pod_uid(namespace) != uid)
    wait_condition(namespace, "UpToDate", "True")


@pytest.fixture
def no_buildkit(namespace):
    """A policy acts as a Pod Security default of the cluster, which this cluster does not have."""
    apply("", {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
               "metadata": {"name": namespace},
               "spec": {"failurePolicy": "Fail",
                        "matchConstraints": {"resourceRules": [{
                            "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"],
                            "operations": ["CREATE"]}]},
                        "validations": [{
                            "expression": "!object.spec.containers.exists(c, c.name=='buildkitd')",
                            "message": "violates PodSecurity baseline:latest: seccompProfile"}]}},
          {"apiVersion": "admissionregistration.k8s.io/v1",
           "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": namespace},
           "spec": {"policyName": namespace, "validationActions": ["Deny"],
                    "matchResources": {"namespaceSelector": {"matchLabels": {
                        "kubernetes.io/metadata.name": namespace}}}}})
    try:
        wait_until("the policy is in force", lambda: "violates" in kubectl(
            "--namespace", namespace, "run", "buildkitd", "--image", "x", "--dry-run=server",
            may_fail=True))
        yield
    finally:
        delete("validatingadmissionpolicybinding", namespace, namespace)
        delete("validatingadmissionpolicy", namespace, namespace)


def test_a_refusal_of_buildkit_by_the_clusters_default_is_remembered(namespace, no_buildkit):
    port = make(namespace, local_registry(enabled=True))["nodePort"]
    wait_condition(namespace, "BuildKitReady", "False", "PodSecurityDefault")
    push(port)
    uid = pod_uid(namespace)
    patch("lreg", namespace, "dev", {"spec": {
        "images": [{"name": "app", "image": "ghcr.io/org/app"}]}})
    wait_ready(namespace)
    is_kept(namespace, uid)
    assert holds(port)


def test_a_refusal_of_buildkit_is_found_out_with_persistence_and_again_for_another_image(
        namespace, no_buildkit):
    port = make(namespace, local_registry(persistence={"enabled": True}))["nodePort"]
    wait_condition(namespace, "BuildKitReady", "False", "PodSecurityDefault")
    push(port)
    uid = pod_uid(namespace)
    patch("lreg", namespace, "dev", {"spec": {"buildKitImage": "buildkit:another"}})
    wait_until("another pod", lambda: pod_uid(namespace) != uid)
    wait_condition(namespace, "BuildKitReady", "False", "PodSecurityDefault")
    wait_ready(namespace)
    wait_until("the image is there", lambda: holds(port))


@pytest.mark.parametrize("mistake", [
    {"image": "registry:no-such-tag"}, {"nodeSelector": {"no-such": "node"}},
    {"resources": {"limits": {"memory": "1Mi"}}},
    {"resources": {"requests": {"memory": "1000Gi"}}}],
    ids=["image", "selector", "limit", "request"])
def test_a_corrected_spec_takes_effect_with_persistence(namespace, mistake):
    apply(namespace, without_sidecar(persistence={"enabled": True}, **mistake))
    wait_until("a pod that is not ready", lambda: registry_pod(namespace))
    wait_condition(namespace, "Available", "False")
    apply(namespace, without_sidecar(persistence={"enabled": True}))
    push(wait_ready(namespace)["nodePort"])


def test_a_stateful_set_of_an_earlier_version_is_recreated_with_its_images(namespace):
    port = make(namespace, without_sidecar(persistence={"enabled": True}))["nodePort"]
    push(port)
    patch("lreg", namespace, "dev", {"spec": {"suspend": True}})
    wait_condition(namespace, "Ready", None, "Suspended")
    made = get("StatefulSet", namespace, "registry")
    uid = pod_uid(namespace)
    delete("statefulset", namespace, "registry", "--cascade=orphan")
    earlier = {key: made["metadata"][key] for key in (
        "name", "namespace", "labels", "annotations", "ownerReferences")}
    made["spec"]["podManagementPolicy"] = "OrderedReady"
    kubectl("apply", "--server-side", "--field-manager=local-registry-operator", "--filename", "-",
            stdin=json.dumps({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": earlier,
                              "spec": made["spec"]}))
    wait_until("the set is ready", lambda: get("StatefulSet", namespace, "registry")[
        "status"].get("readyReplicas") == 1)
    assert pod_uid(namespace) == uid, "the same template needs no other pod"
    patch("lreg", namespace, "dev", {"spec": {"suspend": False}})

    def is_parallel():
        found = get("StatefulSet", namespace, "registry")
        return found and found["spec"]["podManagementPolicy"] == "Parallel"

    wait_until("the set is another one", is_parallel)
    wait_ready(namespace)
    is_kept(namespace, uid)
    assert holds(port)


def test_a_privileged_port_works(namespace):
    status = make(namespace, without_sidecar(port=80))
    push(status["nodePort"])
    assert status["clusterURL"].endswith(":80")


def test_why_a_container_ends_is_said_once(namespace):
    apply(namespace, local_registry(**BROKEN_SIDECAR))
    wait_condition(namespace, "Available", "True")
    message = wait_condition(namespace, "BuildKitReady", "False", "CrashLoopBackOff")
    assert "oci-worker-no-process-sandbox" in message and "spec.localbuild" in message
    version = get("LocalRegistry", namespace, "dev")["metadata"]["resourceVersion"]

    def restarts():
        return sum(one["restartCount"] for one in registry_pod(namespace)["status"][
            "containerStatuses"] if one["name"] == "buildkitd")

    seen = restarts()
    wait_until("two more crashes", lambda: restarts() >= seen + 2, 120)
    assert get("LocalRegistry", namespace, "dev")["metadata"]["resourceVersion"] == version


def test_a_registry_without_replicas_is_not_called_starting(namespace):
    make(namespace, without_sidecar())
    patch("lreg", namespace, "dev", {"spec": {"suspend": True}})
    wait_condition(namespace, "Ready", None, "Suspended")
    patch("Deployment", namespace, "registry", {"spec": {"replicas": 0}})
    wait_condition(namespace, "Available", "False", "ScaledToZero")


def test_a_push_after_a_garbage_collection_can_be_pulled(namespace):
    port = make(namespace, without_sidecar(persistence={"enabled": True}))["nodePort"]
    push(port)
    uid = pod_uid(namespace)
    on_node("skopeo", "delete", "--tls-verify=false", f"docker://localhost:{port}/{IMAGE}")
    kubectl("--namespace", namespace, "exec", "statefulset/registry", "--container", "registry",
            "--", "registry", "garbage-collect", "/etc/docker/registry/config.yml")
    push(port)
    on_node("skopeo", "--command-timeout", "30s", "copy", "--quiet", "--src-tls-verify=false",
            f"docker://localhost:{port}/{IMAGE}", "dir:/tmp/" + namespace)
    on_node("rm", "-r", "/tmp/" + namespace)
    assert pod_uid(namespace) == uid


def publishes(namespace):
    return get("Service", namespace, "registry")["spec"].get("publishNotReadyAddresses", False)


def test_the_service_publishes_a_pod_that_its_sidecar_keeps_from_being_ready(namespace):
    apply(namespace, local_registry(**BROKEN_SIDECAR))
    wait_condition(namespace, "Available", "True")
    port = get("LocalRegistry", namespace, "dev")["status"]["nodePort"]
    assert publishes(namespace)
    wait_until("it answers", lambda: answers(port))
    uid = pod_uid(namespace)
    delete("pod", namespace, registry_pod(namespace)["metadata"]["name"], "--wait=false")
    wait_until("the pod that ends is not published", lambda: not publishes(namespace))
    wait_until("the next one is", lambda: pod_uid(namespace) != uid and publishes(namespace))
    wait_until("it answers", lambda: answers(port))


def test_a_pod_that_starts_without_trouble_is_never_published_unready(namespace):
    make(namespace, without_sidecar())
    service = get("Service", namespace, "registry")["metadata"]
    assert not publishes(namespace)
    delete("pod", namespace, registry_pod(namespace)["metadata"]["name"])
    wait_until("the next one is ready", lambda: condition(namespace, "Available")[0] == "True")
    now = get("Service", namespace, "registry")["metadata"]
    assert now["resourceVersion"] == service["resourceVersion"], "the Service was written"


def is_published(namespace, pod):
    """Returns whether the Service may route connections to the pod with that UID."""
    return any(one["conditions"]["ready"] for found in objects("EndpointSlice", namespace)
               for one in found["endpoints"] or [] if one["targetRef"]["uid"] == pod)


def test_a_pod_that_ends_takes_no_new_pushes(namespace):
    make(namespace, without_sidecar())
    pod = registry_pod(namespace)["metadata"]
    wait_until("the pod is published", lambda: is_published(namespace, pod["uid"]))
    delete("pod", namespace, pod["name"], "--wait=false")
    begin, late, samples = time.monotonic(), 0, 0
    while get("Pod", namespace, pod["name"]):
        published = is_published(namespace, pod["uid"])
        if time.monotonic() - begin > ENDPOINT_SECONDS:
            samples += 1
            late += published
    assert samples > 0, "it ended before anything was seen"
    assert late == 0, f"{late} of {samples}"
