"""Tests of the chart and of what is generated from it, without a cluster."""
import json
import re

import pytest
import yaml

from tools import (CHART, CRD, CRD_NAME, HERE, NAME, PROJECT, SYSTEM, crd, documents, helm,
                   helm_program, kubectl, run, template, versions)

CASES = sorted(path.stem for path in (HERE / "values").glob("*.yaml"))
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())

# Mistakes that a user may make, and the value that helm's message must name.
BAD_VALUES = {
    "replicas=two": "/replicas",
    "replicas=-1": "/replicas",
    "replicsa=2": "replicsa",
    "image.repositry=x": "repositry",
    "image.repository=": "/image/repository",
    "image.tag=a:b": "/image/tag",
    "image.digest=sha256:12": "/image/digest",
    "image.pullPolicy=Sometimes": "/image/pullPolicy",
    "imagePullSecrets={tools}": "/imagePullSecrets/0",
    "watchNamespaces=team-a": "/watchNamespaces",
    "watchNamespaces={Team}": "/watchNamespaces/0",
    "watchNamespaces={a,a}": "/watchNamespaces",
    "maxConcurrentReconciles=0": "/maxConcurrentReconciles",
    "maxConcurrentReconciles=257": "/maxConcurrentReconciles",
    "log.level=loud": "/log/level",
    "log.format=xml": "/log/format",
    "extraArgs={leader-elect}": "/extraArgs/0",
    "crds.install=perhaps": "/crds/install",
    "serviceAccount.name.a=b": "/serviceAccount/name",
    "rbac.create=1": "/rbac/create",
    "healthProbe.port=0": "/healthProbe/port",
    "metrics.port=70000": "/metrics/port",
    "metrics.serviceMonitor.interval=often": "/metrics/serviceMonitor/interval",
    "webhook.enabled=perhaps": "/webhook/enabled",
    "webhook.port=0": "/webhook/port",
    "webhook.timeoutSeconds=31": "/webhook/timeoutSeconds",
    "webhook.from={10.0.0.0/8}": "/webhook/from/0",
    "podDisruptionBudget.maxUnavailable=0": "/podDisruptionBudget/maxUnavailable",
    "podDisruptionBudget.maxUnavailable=200%": "/podDisruptionBudget/maxUnavailable",
    "networkPolicy.apiServerPorts={}": "/networkPolicy/apiServerPorts",
    "resources.limits.memory=lots": "/resources/limits/memory",
    "resources.limit.memory=1Gi": "limit",
    "nodeSelector.disk=1": "/nodeSelector/disk",
    "tolerations[0].operator=Maybe": "/tolerations/0/operator",
    "affinity.nodeAfinity.a=b": "nodeAfinity",
    "fullnameOverride=Operator": "/fullnameOverride",
    "metrics.enabled=false,metrics.serviceMonitor.enabled=true": "metrics.serviceMonitor.enabled",
}


def leaves(value, path=""):
    """Yields the dotted paths of the keys that have no further keys."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    else:
        yield path, value


def of_kind(text, kind):
    return [document for document in documents(text) if document["kind"] == kind]


def test_helm_lint_has_nothing_to_say():
    output = helm("lint", "--strict", CHART, "--kube-version", versions("KUBERNETES_VERSION"))
    assert "[WARNING]" not in output and "[ERROR]" not in output


@pytest.mark.parametrize("case", CASES)
def test_a_release_renders_as_recorded(case, update):
    rendered = template("--values", HERE / "values" / f"{case}.yaml")
    golden = HERE / "golden" / f"{case}.yaml"
    if update:
        golden.write_text(rendered)
    assert rendered == golden.read_text(), "if that is meant: tests/chart/run --update"


def test_the_plain_manifests_are_what_the_chart_renders_to(update):
    if update:
        run(PROJECT / "deploy" / "generate")
    printed = run(PROJECT / "deploy" / "generate", "--print")
    assert (PROJECT / "deploy/operator.yaml").read_text() == printed, "run deploy/generate"


def test_the_plain_manifests_differ_from_a_release_in_what_only_a_release_has():
    def without_helm(document):
        metadata = document["metadata"]
        for group in ("labels", "annotations"):
            for key in ("app.kubernetes.io/managed-by", "helm.sh/chart", "helm.sh/resource-policy"):
                metadata.get(group, {}).pop(key, None)
        if not metadata.get("annotations", True):
            del metadata["annotations"]
        return document

    namespace, *plain = documents((PROJECT / "deploy/operator.yaml").read_text())
    assert namespace["kind"] == "Namespace"
    rendered = documents(template("--set", "crds.install=false"))
    assert plain == [without_helm(document) for document in rendered]


def test_the_plain_manifests_can_be_customised():
    built = documents(kubectl("kustomize", PROJECT / "deploy"))
    plain = documents((PROJECT / "deploy/operator.yaml").read_text())
    by_name = {(one["kind"], one["metadata"]["name"]): one for one in built}
    assert by_name == {(one["kind"], one["metadata"]["name"]): one for one in plain}


def test_deleting_the_plain_manifests_deletes_no_crd():
    assert not of_kind(kubectl("kustomize", PROJECT / "deploy"), "CustomResourceDefinition")


@pytest.mark.parametrize("version, is_supported", [("1.29.14", False), ("1.30.0", True)])
def test_the_chart_needs_the_first_kubernetes_that_knows_app_armor_profiles(version, is_supported):
    output = run(helm_program(), "template", NAME, CHART, "--kube-version", version,
                 good=is_supported)
    assert is_supported or "incompatible with Kubernetes" in output


def test_each_release_has_a_lease_of_its_own_and_may_write_no_other():
    for release in ("first", "second"):
        rendered, name = template(release=release), f"{release}-{NAME}"
        [deployment] = of_kind(rendered, "Deployment")
        arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
        assert f"--leader-election-id={name}" in arguments
        named = [rule["resourceNames"] for role in of_kind(rendered, "Role")
                 for rule in role["rules"] if "leases" in rule["resources"]
                 and "patch" in rule["verbs"]]
        assert named == [[name]]


def test_the_chart_carries_the_same_crd():
    assert (CHART / "files" / CRD.name).read_bytes() == CRD.read_bytes(), "run deploy/generate"


def test_the_plugin_for_helm_4_is_what_helm_4_reads():
    # Source: internal/plugin/metadata_v1.go of Helm 4, which rejects other fields.
    plugin = yaml.safe_load((PROJECT / "deploy" / "helm-plugin" / "plugin.yaml").read_text())
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert plugin == {
        "apiVersion": "v1", "type": "postrenderer/v1", "name": "localregistry",
        "version": chart["version"], "runtime": "subprocess", "runtimeConfig": {
            "platformCommand": [{"command": "kubectl-localregistry", "args": ["rewrite"]}]}}


def test_a_release_installs_the_crd_and_helm_never_deletes_it():
    [rendered] = of_kind(template(), "CustomResourceDefinition")
    assert rendered["metadata"]["name"] == CRD_NAME
    assert rendered["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert rendered["spec"] == crd()["spec"]


def test_a_release_can_leave_the_crd_to_others():
    assert not of_kind(template("--set", "crds.install=false"), "CustomResourceDefinition")


@pytest.mark.parametrize("values", BAD_VALUES)
def test_a_wrong_value_is_refused_by_name(values):
    words = values.split(",") if values.count("=") > 1 else [values]
    flags = [flag for word in words for flag in ("--set", word)]
    assert BAD_VALUES[values] in template(*flags, good=False)


def test_a_null_takes_a_default_out():
    rendered = template("--set", "podSecurityContext.runAsUser=null")
    [deployment] = of_kind(rendered, "Deployment")
    assert "runAsUser" not in deployment["spec"]["template"]["spec"]["securityContext"]


def test_values_and_schema_have_the_same_keys():
    def keys(schema, path=""):
        for key, inner in schema.get("properties", {}).items():
            inner_path = f"{path}.{key}" if path else key
            yield inner_path
            yield from keys(inner, inner_path)

    def value_keys(values, path=""):
        for key, inner in values.items():
            inner_path = f"{path}.{key}" if path else key
            yield inner_path
            if isinstance(inner, dict):
                yield from value_keys(inner, inner_path)

    described = {key for key in keys(SCHEMA) if key not in ("global", "enabled")}
    given = set(value_keys(VALUES))
    free = {"resources", "podSecurityContext", "securityContext", "affinity"}  # Kubernetes types
    assert {key for key in described ^ given if key.split(".")[0] not in free} == set()


def test_the_readme_has_every_value_with_its_default():
    rows = re.findall(r"^\| (`.+?) \| (.+?) \|", (CHART / "README.md").read_text(), re.MULTILINE)
    documented = {name: default for names, default in rows for name in re.findall("`(.+?)`", names)}
    leaf_values = dict(leaves(VALUES))
    for name, default in documented.items():
        assert name in leaf_values or any(leaf.startswith(f"{name}.") for leaf in leaf_values), name
        if name in leaf_values and default.startswith("`"):
            assert yaml.safe_load(default.strip("`")) == leaf_values[name], name
    missing = [leaf for leaf in leaf_values if not any(
        leaf == name or leaf.startswith(f"{name}.") for name in documented)]
    assert not missing


@pytest.mark.parametrize("length", [1, 40, 53])
def test_names_fit_whatever_the_release_is_called(length):
    for document in documents(template(release="r" * length)):
        name = document["metadata"]["name"]
        assert document["kind"] == "CustomResourceDefinition" or len(name) <= 63, name


def test_the_operator_has_no_wildcard_and_reads_only_secrets_that_it_is_told_to():
    for case in CASES:
        rendered = template("--values", HERE / "values" / f"{case}.yaml")
        bound = {binding["roleRef"]["name"] for binding in of_kind(rendered, "ClusterRoleBinding")}
        for role in of_kind(rendered, "ClusterRole") + of_kind(rendered, "Role"):
            name = role["metadata"]["name"]
            for rule in role["rules"]:
                assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"]
                if "secrets" in rule["resources"]:
                    if role["kind"] == "Role":  # the Role for the webhook's Secret
                        assert role["metadata"]["namespace"] == SYSTEM
                        assert rule["verbs"] == ["create"] or rule["resourceNames"] == [name]
                    else:
                        assert rule["verbs"] == ["get"] and name not in bound


def test_without_the_webhook_nothing_of_it_is_left():
    rendered = template("--set", "webhook.enabled=false")
    assert "--webhook-bind-address=0" in rendered
    assert not of_kind(rendered, "MutatingWebhookConfiguration")
    assert not [one for one in documents(rendered) if one["metadata"]["name"].endswith("webhook")]


def test_the_webhook_can_only_ever_change_pods_of_namespaces_that_asked_for_it():
    flags = ("--set", "watchNamespaces={team-a,team-b}")
    [configuration] = of_kind(template(*flags), "MutatingWebhookConfiguration")
    [hook] = configuration["webhooks"]
    assert hook["failurePolicy"] == "Ignore" and hook["sideEffects"] == "None"
    assert hook["timeoutSeconds"] <= 5
    assert "caBundle" not in hook["clientConfig"], "an upgrade would take it away"
    selector = hook["namespaceSelector"]["matchExpressions"]
    assert {"key": "localregistry.dev/rewrite", "operator": "In", "values": ["enabled"]} in selector
    name = "kubernetes.io/metadata.name"
    assert {"key": name, "operator": "NotIn", "values": ["kube-system", SYSTEM]} in selector
    assert {"key": name, "operator": "In", "values": ["team-a", "team-b"]} in selector


def test_the_program_the_chart_and_the_image_are_of_one_version():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = re.search(r"^project\(\S+ VERSION (\S+)", (PROJECT / "CMakeLists.txt").read_text(),
                        re.MULTILINE)
    assert chart["name"] == NAME and chart["appVersion"] == project[1]


def test_the_dockerfile_installs_what_the_build_needs_and_no_more():
    script = (PROJECT / "tests/cluster/packages.sh").read_text()
    build = set(re.search(r"^BUILD=\((.*?)\)", script, re.MULTILINE | re.DOTALL)[1].split())
    dockerfile = (PROJECT / "Dockerfile").read_text()
    installed = re.search(r"--no-install-recommends \\\n(.*?)\n &&", dockerfile, re.DOTALL)[1]
    for_tests = {"libgtest-dev", "libgmock-dev"}
    for_image = {"ca-certificates"}
    assert set(installed.replace("\\", "").split()) == build - for_tests | for_image
