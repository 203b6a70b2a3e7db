"""Upgrades the chart with other values, removes it and installs it again, on a real cluster."""
import re

import pytest

import release
from registries import children, holds, make, push, wait_ready, without_sidecar
from world import PROJECT, apply, delete, get, kubectl, patch, stays, wait_until

pytestmark = pytest.mark.alone


@pytest.fixture(autouse=True)
def operator_as_installed():
    release.upgrade()
    release.wait_ready()


def deployment():
    return get("Deployment", release.NAMESPACE, release.NAME)


def test_an_upgrade_with_other_values_takes_effect_and_leaves_registries_alone(namespace):
    port = make(namespace, without_sidecar())["nodePort"]
    push(port)
    uid = get("Deployment", namespace, "registry")["metadata"]["uid"]
    release.upgrade("replicas=2", "log.level=debug", "log.format=json",
                    "podDisruptionBudget.enabled=true", "networkPolicy.enabled=true")
    release.wait_ready(2)
    arguments = deployment()["spec"]["template"]["spec"]["containers"][0]["args"]
    assert "--log-level=debug" in arguments and "--log-format=json" in arguments
    assert "poddisruptionbudget" in kubectl("--namespace", release.NAMESPACE, "get", "pdb",
                                            "--output", "name")
    assert holds(port) and get("Deployment", namespace, "registry")["metadata"]["uid"] == uid
    apply(namespace, without_sidecar("other", name="other"))
    wait_ready(namespace, "other")


def test_after_uninstalling_registries_run_on_and_a_new_release_takes_them_over(namespace):
    port = make(namespace, without_sidecar())["nodePort"]
    push(port)
    version = get("Deployment", namespace, "registry")["metadata"]["generation"]
    release.uninstall()
    assert deployment() is None
    assert kubectl("get", "crd", "localregistries.localregistry.dev", "--output", "name")
    stays("the registry runs on", lambda: holds(port))
    delete("Service", namespace, "registry")
    release.upgrade()
    wait_until("the new release heals", lambda: get("Service", namespace, "registry"))
    assert wait_ready(namespace)["nodePort"] == port
    assert get("Deployment", namespace, "registry")["metadata"]["generation"] == version


def test_a_resource_that_is_deleted_while_no_operator_runs_goes_when_one_does(namespace,
                                                                             other_namespace):
    kubectl("annotate", "namespace", other_namespace, f"localregistry.dev/allow-from={namespace}")
    make(namespace, without_sidecar(namespace=other_namespace))
    release.uninstall()
    delete("lreg", namespace, "dev", "--wait=false")
    stays("the finalizer holds it", lambda: get("LocalRegistry", namespace, "dev"))
    release.upgrade()
    wait_until("it is gone", lambda: get("LocalRegistry", namespace, "dev") is None)
    assert children(other_namespace) == []


def test_the_documented_order_removes_the_plain_manifests_and_everything_behind_them(
        namespace, other_namespace):
    release.uninstall()
    kubectl("delete", "namespace", release.NAMESPACE)
    kubectl("apply", "--server-side", "--force-conflicts", "--filename", PROJECT / "crds")
    kubectl("apply", "--filename", "-", stdin=plain_manifests())
    try:
        allow = f"localregistry.dev/allow-from={namespace}"
        kubectl("annotate", "namespace", other_namespace, allow)
        make(namespace, without_sidecar(namespace=other_namespace))
        kubectl("delete", "localregistries", "--all", "--all-namespaces", seconds=60)
        assert children(other_namespace) == []
        make(namespace, without_sidecar(namespace=other_namespace))
        # In this wrong order, the deletion still completes, and the remaining registry keeps
        # running.
        kubectl("delete", "--filename", "-", stdin=plain_manifests(), seconds=60)
        assert get("Namespace", None, release.NAMESPACE) is None
        assert get("LocalRegistry", namespace, "dev") and children(other_namespace)
        leave_without_an_operator(namespace, other_namespace)
    finally:
        release.prepare_namespace()


def plain_manifests():
    """Returns the manifests of `kubectl apply -k deploy` with the image that the node has."""
    image = "localhost/local-registry-operator"
    built = kubectl("kustomize", PROJECT / "deploy")
    assert f"image: {image}:" in built
    return re.sub(f"image: {image}:.*", f"image: {image}:dev", built)


def leave_without_an_operator(namespace, other_namespace):
    """Removes a resource without its operator, as the chart's README describes."""
    uid = get("LocalRegistry", namespace, "dev")["metadata"]["uid"]
    delete("lreg", namespace, "dev", "--wait=false")
    stays("the finalizer holds it", lambda: get("LocalRegistry", namespace, "dev"))
    kubectl("delete", "deployments,statefulsets,services,pvc", "--all-namespaces",
            "--selector", f"localregistry.dev/owner-uid={uid}")
    patch("lreg", namespace, "dev", {"metadata": {"finalizers": None}})
    wait_until("it is gone", lambda: get("LocalRegistry", namespace, "dev") is None)
    assert children(other_namespace) == []


def test_two_releases_in_one_namespace_both_work(namespace, other_namespace):
    second = "second"
    release.upgrade(f"watchNamespaces={{{namespace}}}")
    try:
        release.upgrade(f"watchNamespaces={{{other_namespace}}}", "crds.install=false",
                        name=second)
        make(namespace, without_sidecar())
        make(other_namespace, without_sidecar())
        for name in (release.NAME, f"{second}-{release.NAME}"):
            assert get("Lease", release.NAMESPACE, name)["spec"]["holderIdentity"]
    finally:
        release.uninstall(second)


def test_with_watched_namespaces_only_those_are_served(namespace, other_namespace):
    release.upgrade(f"watchNamespaces={{{namespace}}}")
    release.wait_ready()
    apply(other_namespace, without_sidecar())
    make(namespace, without_sidecar())
    stays("the other is left alone", lambda: children(other_namespace) == [])
    for resource in ("deployments.apps", "services"):
        told = kubectl("auth", "can-i", "create", resource, "--namespace", other_namespace, "--as",
                       release.USER, may_fail=True)
        assert "no" in told.split(), told
    release.upgrade()
    wait_ready(other_namespace)
