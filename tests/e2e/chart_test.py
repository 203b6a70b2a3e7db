"""The chart on a real cluster: upgraded with other values, removed, installed again."""
import pytest

import release
from registries import children, holds, make, push, wait_ready, without_sidecar
from world import apply, delete, get, kubectl, stays, wait_until

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
