"""Bad input: kubectl apply refuses what a schema can check; a condition reports the rest."""
import pytest

from registries import (children, condition, holds, local_registry, make, push, registry_pod,
                        wait_condition, wait_event, wait_ready, without_sidecar)
from world import apply, delete, kubectl, refusal, wait_until


@pytest.mark.parametrize("field, spec", [
    ("spec.port", {"port": 0}),
    ("spec.port", {"port": 70000}),
    ("spec.port", {"port": "5000"}),
    ("spec.nodePort", {"nodePort": -1}),
    ("spec.nodePort", {"nodePort": 65536}),
    ("spec.enabled", {"enabled": "yes"}),
    ("spec.localbuild", {"localbuild": 1}),
    ("spec.name", {"name": "Not_A_Label"}),
    ("spec.name", {"name": "a" * 64}),
    ("spec.namespace", {"namespace": "no.dots"}),
    ("spec.image", {"image": "not an image"}),
    ("spec.image", {"image": ""}),
    ("spec.buildKitImage", {"buildKitImage": "example.com/UPPER/case"}),
    ("spec.persistence.size", {"persistence": {"size": "five"}}),
    ("spec.persistence.size", {"persistence": {"size": "-5Gi"}}),
    ("spec.persistence.whenDeleted", {"persistence": {"whenDeleted": "Keep"}}),
    ("spec.persistence.storageClassName", {"persistence": {"storageClassName": "No Class"}}),
    ("spec.persistence", {"persistence": True}),
    ("spec.suspend", {"suspend": "no"}),
    ("spec.imagePullSecrets", {"imagePullSecrets": [{"name": ""}]}),
    ("spec.resources", {"resources": {"limits": {"memory": "much"}}}),
    ("spec.unknown", {"unknown": 1}),
    ("spec.persistence.sizes", {"persistence": {"sizes": "5Gi"}}),
])
def test_an_invalid_field_is_refused_by_its_name(field, spec):
    message = refusal("default", local_registry("bad", **spec))
    assert field in message, message


def test_a_namespace_that_enforces_restricted_gets_the_registry_without_buildkit(
        restricted_namespace):
    namespace = restricted_namespace
    status = make(namespace, local_registry())
    assert [container["name"] for container in registry_pod(namespace)["spec"]["containers"]] == [
        "registry"]
    message = wait_condition(namespace, "BuildKitReady", "False", "PodSecurity")
    assert "restricted" in message
    wait_event(namespace, "BuildKitOmitted", "Warning")
    push(status["nodePort"])
    kubectl("label", "--overwrite", "namespace", namespace,
            "pod-security.kubernetes.io/enforce=privileged")
    wait_condition(namespace, "BuildKitReady", "False", "RestartLosesImages")
    assert holds(status["nodePort"])
    kubectl("--namespace", namespace, "annotate", "lreg", "dev",
            "localregistry.dev/restart-requested-at=now")
    wait_condition(namespace, "BuildKitReady", "True", "Ready")


def test_a_registry_with_localbuild_satisfies_restricted(restricted_namespace):
    namespace = restricted_namespace
    make(namespace, without_sidecar(persistence={"enabled": True}))
    security = registry_pod(namespace)["spec"]["containers"][0]["securityContext"]
    assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    said = kubectl("--namespace", namespace, "get", "events")
    assert "would violate PodSecurity" not in said


@pytest.mark.parametrize("limit, spec", [
    ("count/deployments.apps", {}), ("pods", {}), ("services.nodeports", {}),
    ("pods", {"persistence": {"enabled": True}})])
def test_a_quota_that_refuses_a_child_is_told_of_until_it_is_lifted(namespace, limit, spec):
    apply(namespace, {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight"},
                      "spec": {"hard": {limit: "0"}}})
    wait_until("the quota is counted", lambda: "tight" in kubectl(
        "--namespace", namespace, "get", "quota") and '"used"' in kubectl(
            "--namespace", namespace, "get", "quota", "tight", "--output", "json"))
    apply(namespace, without_sidecar(**spec))
    wait_condition(namespace, "Ready", "False", "QuotaExceeded")
    assert "tight" in condition(namespace, "Ready")[2]
    delete("quota", namespace, "tight")
    wait_ready(namespace)


def test_a_policy_that_refuses_a_child_is_told_of_in_its_own_words(request, namespace):
    """A policy that the API server evaluates represents any admission webhook here."""
    name = f"refuse-{namespace}"[:60].strip("-")
    apply("", {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name}, "spec": {
            "matchConstraints": {"resourceRules": [{
                "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"],
                "resources": ["deployments"]}]},
            "validations": [{"expression": "false", "reason": "Forbidden",
                             "message": "no Deployments on Sundays"}]}}, {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name}, "spec": {
            "policyName": name, "validationActions": ["Deny"], "matchResources": {
                "namespaceSelector": {"matchLabels": {
                    "kubernetes.io/metadata.name": namespace}}}}})
    lifted = []

    def lift():
        if not lifted:
            lifted.append(delete("validatingadmissionpolicybinding", "", name))
            delete("validatingadmissionpolicy", "", name)

    request.addfinalizer(lift)
    wait_until("the policy is in force", lambda: "Sundays" in attempt_deployment(namespace))
    apply(namespace, without_sidecar())
    message = wait_condition(namespace, "Available", "False", "Forbidden")
    assert "no Deployments on Sundays" in message
    wait_condition(namespace, "Ready", "False", "Forbidden")
    lift()
    wait_ready(namespace)


def attempt_deployment(namespace):
    """Returns what the API server answers to a dry run of a Deployment."""
    return kubectl("--namespace", namespace, "create", "deployment", "probe", "--image", "x",
                   "--dry-run=server", may_fail=True)


def test_a_terminating_namespace_is_told_of(namespace, other_namespace):
    kubectl("annotate", "namespace", other_namespace, f"localregistry.dev/allow-from={namespace}")
    apply(other_namespace, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
        "name": "holds", "finalizers": ["example.com/hold"]}})
    delete("namespace", "", other_namespace, "--wait=false")
    apply(namespace, without_sidecar(namespace=other_namespace))
    try:
        wait_condition(namespace, "Accepted", "False", "NamespaceTerminating")
        assert children(other_namespace) == []
    finally:
        kubectl("--namespace", other_namespace, "patch", "configmap", "holds", "--type", "merge",
                "--patch", '{"metadata": {"finalizers": null}}')
