"""Tests of what the operator is allowed to do."""
import pytest

import release
from world import Failed, get, kubectl


def can(verb, resource, namespace=None):
    where = ["--namespace", namespace] if namespace else ["--all-namespaces"]
    try:
        kubectl("auth", "can-i", verb, resource, *where, "--as", release.USER)
    except Failed:
        return False
    return True


@pytest.mark.parametrize("verb, resource", [
    ("get", "secrets"), ("list", "secrets"), ("watch", "secrets"), ("create", "secrets"),
    ("delete", "namespaces"), ("patch", "namespaces"), ("create", "namespaces"),
    ("create", "pods"), ("delete", "pods"), ("create", "pods/exec"),
    ("delete", "nodes"), ("patch", "nodes"), ("delete", "persistentvolumes"),
    ("create", "clusterroles"), ("create", "clusterrolebindings"), ("escalate", "clusterroles"),
    ("impersonate", "users"), ("delete", "localregistries"), ("create", "localregistries"),
    ("delete", "customresourcedefinitions"), ("*", "*"), ("deletecollection", "deployments"),
    ("create", "serviceaccounts/token"), ("list", "configmaps"), ("list", "leases"),
])
def test_the_operator_may_not(verb, resource):
    assert not can(verb, resource), f"it may {verb} {resource}"


@pytest.mark.parametrize("verb, resource", [
    ("patch", "deployments.apps"), ("delete", "persistentvolumeclaims"), ("patch", "services"),
    ("patch", "localregistries/status"), ("watch", "namespaces"),
])
def test_the_operator_may(verb, resource):
    assert can(verb, resource)


def test_the_lease_is_only_its_own_and_only_in_its_namespace():
    assert can("patch", f"leases/{release.NAME}", release.NAMESPACE)
    assert not can("patch", "leases/another", release.NAMESPACE)
    assert not can("patch", f"leases/{release.NAME}", "default")


def test_of_secrets_it_has_that_of_its_webhook_alone():
    assert can("patch", f"secrets/{release.NAME}-webhook", release.NAMESPACE)
    assert not can("get", "secrets/another", release.NAMESPACE)
    assert not can("list", "secrets", release.NAMESPACE)
    assert not can("get", f"secrets/{release.NAME}-webhook", "default")


def test_it_may_tell_the_api_server_whom_to_trust_and_cannot_make_webhooks():
    hooks = "mutatingwebhookconfigurations.admissionregistration.k8s.io"
    assert can("patch", f"{hooks}/{release.NAME}")
    assert not can("patch", f"{hooks}/another")
    assert not can("create", hooks) and not can("delete", f"{hooks}/{release.NAME}")


def test_the_operator_runs_in_a_namespace_that_enforces_restricted():
    labels = get("Namespace", "", release.NAMESPACE)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    pod = release.wait_leader()
    security = pod["spec"]["containers"][0]["securityContext"]
    assert security["readOnlyRootFilesystem"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}


def test_the_image_has_no_shell():
    pod = release.wait_leader()["metadata"]["name"]
    for shell in ("sh", "/bin/sh", "bash", "/bin/busybox"):
        with pytest.raises(Failed, match="no such file|not found"):
            kubectl("--namespace", release.NAMESPACE, "exec", pod, "--", shell, "-c", "true")


def test_the_operator_runs_as_nobody_in_particular():
    pod = release.wait_leader()
    status = open(f"/proc/{release.process(pod)}/status", encoding="ascii").read()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in fields["Uid"].split() and "0" not in fields["Gid"].split()
    assert fields["CapEff"] == "0" * 16 and fields["NoNewPrivs"] == "1"
