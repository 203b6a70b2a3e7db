"""Installs, upgrades and removes releases in a real API server, and checks the operator's rights.

Nothing runs, since there is no node. Each test has its own namespace and release name.
"""
import json
import re
import shutil
import subprocess

import pytest
import yaml

from conftest import new_namespace, remove_crd, wait_for_crd
from tools import (CHART, CRD_NAME, HERE, NAME, PROJECT, SECONDS, helm, kubectl, registry,
                   template)

OPERATOR = f"system:serviceaccount:{{namespace}}:{NAME}"

# The rights of the operator where it watches. The tests ask the API server's RBAC, not the
# manifests.
MAY = ["list localregistries.localregistry.dev", "watch localregistries.localregistry.dev",
       "patch localregistries.localregistry.dev",
       "patch localregistries.localregistry.dev --subresource=status",
       "update localregistries.localregistry.dev --subresource=finalizers",
       "create deployments.apps", "patch statefulsets.apps", "delete services",
       "create persistentvolumeclaims", "watch pods", "create events.events.k8s.io"]
MAY_NOT = ["get secrets", "list secrets", "create pods", "delete pods",
           "get pods --subresource=log", "create pods --subresource=exec", "get configmaps",
           "create localregistries.localregistry.dev", "delete localregistries.localregistry.dev",
           "create roles.rbac.authorization.k8s.io", "create serviceaccounts --subresource=token",
           "update deployments.apps", "create daemonsets.apps",
           "create ingresses.networking.k8s.io"]
MAY_NOT_ANYWHERE = ["create namespaces", "patch namespaces", "delete namespaces", "get nodes",
                    "patch nodes", "get customresourcedefinitions", "create clusterroles",
                    "impersonate users", "list persistentvolumes"]


@pytest.fixture
def namespace():
    """Yields a namespace for one release, in a cluster without the CRD. Uninstalls the release
    afterwards."""
    remove_crd()
    name = new_namespace()
    yield name
    for release in json.loads(helm("list", "--namespace", name, "--output", "json")):
        helm("uninstall", release["name"], "--namespace", name)
    remove_crd()


def install(namespace, *flags, chart=CHART, release=NAME, **options):
    return helm("upgrade", "--install", release, chart, "--namespace", namespace, *flags, **options)


def may(namespace, what, user, flags=()):
    """Returns whether the API server lets the operator of namespace USER do this."""
    done = subprocess.run(["kubectl", "auth", "can-i", *what.split(), "--namespace", namespace,
                           *flags, "--as", OPERATOR.format(namespace=user)],
                          capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.stdout.strip() in ("yes", "no"), done
    return done.stdout.strip() == "yes"


def spec_fields():
    live = json.loads(kubectl("get", "crd", CRD_NAME, "--output", "json"))
    schema = live["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema["properties"]["spec"]["properties"]


def older_chart(folder):
    """Returns a copy of the chart whose CRD has no `suspend` and allows only a short `image`."""
    chart = folder / "older"
    shutil.copytree(CHART, chart)
    path = chart / "files" / f"{CRD_NAME}.yaml"
    crd = yaml.safe_load(path.read_text())
    fields = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    del fields["properties"]["suspend"]
    fields["properties"]["image"]["maxLength"] = 100
    path.write_text(yaml.safe_dump(crd))
    return chart


def test_an_upgrade_brings_the_new_crd_and_keeps_the_registries(namespace, tmp_path):
    install(namespace, chart=older_chart(tmp_path))
    assert "suspend" not in spec_fields()
    wait_for_crd()
    kubectl("apply", "--filename", "-", stdin=registry({}, namespace=namespace))
    install(namespace)
    assert "suspend" in spec_fields() and spec_fields()["image"]["maxLength"] == 512
    assert "dev" in kubectl("--namespace", namespace, "get", "lreg", "--output", "name")


def test_uninstalling_keeps_the_crd_and_the_registries_and_installing_again_takes_them_over(
        namespace):
    install(namespace)
    wait_for_crd()
    kubectl("apply", "--filename", "-", stdin=registry({}, namespace=namespace))
    said = helm("uninstall", NAME, "--namespace", namespace)
    assert CRD_NAME in said  # helm reports what it kept
    assert "dev" in kubectl("--namespace", namespace, "get", "lreg", "--output", "name")
    assert not kubectl("--namespace", namespace, "get", "deployments", "--output", "name")
    install(namespace)
    assert "dev" in kubectl("--namespace", namespace, "get", "lreg", "--output", "name")
    helm("uninstall", NAME, "--namespace", namespace)
    install(namespace, release="other", good=False)
    install(namespace, "--take-ownership", release="other")


def test_a_second_release_leaves_the_crd_to_the_first(namespace):
    other = new_namespace()
    install(namespace, "--set", f"watchNamespaces={{{namespace}}}")
    flags = ("--set", f"crds.install=false,watchNamespaces={{{other}}}")
    install(other, *flags, release="second")
    helm("uninstall", "second", "--namespace", other)
    assert "suspend" in spec_fields()


def test_an_upgrade_with_changed_values_changes_the_operator(namespace):
    install(namespace)
    install(namespace, "--set", "replicas=2,log.level=debug,podDisruptionBudget.enabled=true")
    live = json.loads(kubectl("--namespace", namespace, "get", "deployment", NAME, "-o", "json"))
    assert live["spec"]["replicas"] == 2
    assert "--log-level=debug" in live["spec"]["template"]["spec"]["containers"][0]["args"]
    assert kubectl("--namespace", namespace, "get", "poddisruptionbudget", NAME)
    install(namespace, "--reset-values")
    assert not kubectl("--namespace", namespace, "get", "poddisruptionbudgets", "--output", "name")


@pytest.mark.parametrize("case", ["everything", "nothing", "two-replicas", "watch-namespaces"])
def test_the_api_server_takes_a_release(case, namespace):
    rendered = template("--values", HERE / "values" / f"{case}.yaml", "--namespace", namespace,
                        "--set", "metrics.serviceMonitor.enabled=false")
    for team in ("team-a", "team-b"):
        rendered = rendered.replace(f"namespace: {team}", f"namespace: {namespace}")
    kubectl("apply", "--dry-run=server", "--validate=strict", "--filename", "-", stdin=rendered)


def test_the_operator_may_do_what_it_needs_and_nothing_else(namespace):
    install(namespace)
    anywhere = new_namespace()
    for what in MAY:
        assert may(anywhere, what, user=namespace), what
    for what in MAY_NOT + MAY_NOT_ANYWHERE:
        assert not may(anywhere, what, user=namespace), what
    for what in ("get namespaces", "watch namespaces", "list nodes",
                 "list servicecidrs.networking.k8s.io"):
        assert may(anywhere, what, user=namespace), what
    for verb in ("get", "patch", "update"):
        assert may(namespace, f"{verb} leases.coordination.k8s.io/{NAME}", user=namespace)
        assert not may(namespace, f"{verb} leases.coordination.k8s.io/other", user=namespace)
        assert not may(anywhere, f"{verb} leases.coordination.k8s.io/{NAME}", user=namespace)


def test_of_secrets_and_webhook_configurations_the_operator_has_its_own(namespace):
    install(namespace)
    anywhere, hooks = new_namespace(), "mutatingwebhookconfigurations.admissionregistration.k8s.io"
    for verb in ("get", "patch"):
        assert may(namespace, f"{verb} secrets/{NAME}-webhook", user=namespace)
        assert not may(namespace, f"{verb} secrets/other", user=namespace)
        assert not may(anywhere, f"{verb} secrets/{NAME}-webhook", user=namespace)
        assert may(namespace, f"{verb} {hooks}/{NAME}", user=namespace)
        assert not may(namespace, f"{verb} {hooks}/other", user=namespace)
    assert may(namespace, "create secrets", user=namespace)  # to create one again that was deleted
    for what in ("list secrets", "delete secrets", f"create {hooks}", f"list {hooks}",
                 f"delete {hooks}/{NAME}", f"update {hooks}/{NAME}"):
        assert not may(namespace, what, user=namespace), what


def test_an_upgrade_keeps_the_certificates_of_the_webhook(namespace):
    """The test writes the certificates as the operator would, which does not run here."""
    def bundle(configuration):
        return configuration["webhooks"][0]["clientConfig"].get("caBundle")

    install(namespace)
    secret = ("--namespace", namespace, "secret", f"{NAME}-webhook")
    kubectl("patch", *secret, "--patch", '{"data": {"ca.crt": "YQ=="}}')
    [certificate] = re.findall(r"certificate-authority-data: (\S+)", kubectl(
        "config", "view", "--raw"))
    kubectl("apply", "--server-side", "--force-conflicts", "--field-manager", NAME, "--filename",
            "-", stdin=yaml.safe_dump({
                "apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": NAME},
                "kind": "MutatingWebhookConfiguration", "webhooks": [{
                    "name": "rewrite.localregistry.dev",
                    "clientConfig": {"caBundle": certificate}}]}))
    install(namespace, "--set", "webhook.timeoutSeconds=3")
    assert "YQ==" in kubectl("get", *secret, "--output", "yaml")
    live = json.loads(kubectl("get", "mutatingwebhookconfiguration", NAME, "--output", "json"))
    assert bundle(live) == certificate
    assert live["webhooks"][0]["timeoutSeconds"] == 3 and len(live["webhooks"][0]["rules"]) == 2


def test_an_operator_of_some_namespaces_may_do_nothing_in_others(namespace):
    watched, other = new_namespace(), new_namespace()
    install(namespace, "--set", f"watchNamespaces={{{watched}}}")
    for what in MAY:
        assert may(watched, what, user=namespace), what
        assert not may(other, what, user=namespace), what
        assert not may(other, what, user=namespace, flags=("--all-namespaces",)), what
    for what in MAY_NOT + MAY_NOT_ANYWHERE:
        assert not may(watched, what, user=namespace), what
    assert may(watched, f"get namespaces/{watched}", user=namespace)
    assert not may(watched, f"get namespaces/{other}", user=namespace)


def test_a_watch_of_one_object_needs_no_right_to_the_others(namespace):
    """RBAC allows list and watch of a named object if the request selects that name."""
    watched, user = new_namespace(), ("--as", OPERATOR.format(namespace=namespace))
    install(namespace, "--set", f"watchNamespaces={{{watched}}}")
    for resource, name in (("namespaces", watched), ("leases", NAME)):
        get = ("get", resource, "--namespace", namespace, *user)
        kubectl(*get, "--field-selector", f"metadata.name={name}")
        assert "Forbidden" in kubectl(*get, good=False)


def test_the_plain_manifests_give_the_same_rights_as_a_release(namespace):
    def rights(text):
        return {(one["kind"], one["metadata"]["name"]): one["rules"]
                for one in yaml.safe_load_all(text) if one and "rules" in one}

    assert rights((PROJECT / "deploy/operator.yaml").read_text()) == rights(template())
