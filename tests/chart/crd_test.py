"""Tests of the CRD in a real API server: what kubectl apply accepts, what it refuses and with which
message."""
import json
import re

import pytest
import yaml

from conftest import eventually
from tools import HERE, PROJECT, SYSTEM, crd, kubectl, registry

REFUSED = yaml.safe_load((HERE / "refused.yaml").read_text())
ACCEPTED = yaml.safe_load((HERE / "accepted.yaml").read_text())
SAMPLES = sorted((PROJECT / "deploy" / "samples").glob("*.yaml"))
VERSION = crd()["spec"]["versions"][0]
SPEC = VERSION["schema"]["openAPIV3Schema"]["properties"]["spec"]
LONG = {"17 times a name": [{"name": f"secret-{number}"} for number in range(17)],
        "seven names": {f"example.com/r{number}": 1 for number in range(7)}}
NOT_CHECKED = "some validation rules were not checked"  # after an error that hides other errors


def expand(value):
    """Expands '63 times a' and similar values."""
    if isinstance(value, dict):
        return {key: expand(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [expand(inner) for inner in value]
    if isinstance(value, str) and (many := re.fullmatch(r"(\d+) times (\w)", value)):
        return int(many[1]) * many[2]
    return LONG.get(value, value) if isinstance(value, str) else value


def short(spec):
    return json.dumps(spec)[:90]


def apply(spec, namespace, **options):
    return kubectl("apply", "--dry-run=server", "--validate=strict", "--output", "json",
                   "--filename", "-", stdin=registry(spec, namespace=namespace), **options)


def blamed(message):
    """Returns the lines of a refusal, one for each field, without those that only say what was not
    checked."""
    lines = re.split(r" is invalid: |\n\* |(?<=strict decoding error): |, (?=unknown field)",
                     message.strip())[1:]
    return [line for line in lines if line.strip() and NOT_CHECKED not in line]


def schema_fields(schema, path=()):
    """Yields every field of the schema: its path, with '*' for items of a list and values of a
    map."""
    for name, inner in schema.get("properties", {}).items():
        yield path + (name,), inner
        yield from schema_fields(inner, path + (name,))
    for inner in (schema.get("items"), schema.get("additionalProperties")):
        if inner:
            yield path + ("*",), inner
            yield from schema_fields(inner, path + ("*",))


def wrong_value(schema):
    """Returns a value of a type that the field does not accept."""
    if schema.get("x-kubernetes-int-or-string"):
        return [1]
    return 1 if schema["type"] == "string" else "a"


def with_wrong(path, value, schema):
    """Returns a spec with VALUE at PATH, and PATH as error messages write it."""
    if not path:
        return value, ""
    if path[0] == "*" and "items" in schema:
        inner, rest = with_wrong(path[1:], value, schema["items"])
        return [inner], "[0]" + rest
    name = "cpu" if path[0] == "*" else path[0]
    below = schema["additionalProperties"] if path[0] == "*" else schema["properties"][name]
    inner, rest = with_wrong(path[1:], value, below)
    return {name: inner}, f".{name}{rest}"


FIELDS = {".".join(path): (path, schema) for path, schema in schema_fields(SPEC)}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: short(case["spec"]))
def test_a_wrong_field_is_refused_by_name(case, namespace):
    message = apply(expand(case["spec"]), namespace, good=False)
    lines = blamed(message)
    assert any(case["field"] in line and case["says"] in line for line in lines), message
    assert all(case["field"] in line for line in lines), f"another field is blamed too: {message}"


@pytest.mark.parametrize("field", FIELDS)
def test_a_value_of_a_wrong_type_is_refused_by_name(field, namespace):
    path, schema = FIELDS[field]
    spec, spelled = with_wrong(path, wrong_value(schema), SPEC)
    message = apply(spec, namespace, good=False)
    assert f"spec{spelled}: Invalid value" in message and "must be of type" in message, message


@pytest.mark.parametrize("spec", ACCEPTED, ids=short)
def test_what_is_allowed_is_taken(spec, namespace):
    apply(expand(spec), namespace)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_valid(sample, namespace):
    assert sample.name in (sample.parent / "README.md").read_text()
    kubectl("apply", "--dry-run=server", "--validate=strict", "--filename", sample)


def test_the_fields_have_the_documented_defaults(namespace):
    spec = json.loads(apply({}, namespace))["spec"]
    assert spec == {
        "localbuild": False, "name": "registry", "image": "registry:2.8.1",
        "buildKitImage": "moby/buildkit:master-rootless", "port": 5000, "nodePort": 0,
        "persistence": {"enabled": False, "size": "5Gi", "whenDeleted": "Retain"},
        "suspend": False}


def test_a_resource_without_a_spec_has_the_defaults_too(namespace):
    document = yaml.safe_load(registry({}, namespace=namespace))
    del document["spec"]
    taken = json.loads(kubectl("create", "--dry-run=server", "--output", "json", "--filename", "-",
                               stdin=yaml.safe_dump(document)))
    assert taken["spec"]["name"] == "registry" and taken["spec"]["persistence"]["size"] == "5Gi"


def test_an_unknown_field_is_dropped_with_a_warning_where_validation_is_not_strict(namespace):
    done = json.loads(kubectl("apply", "--dry-run=server", "--validate=warn", "--output", "json",
                              "--filename", "-", stdin=registry({"prot": 1}, namespace=namespace)))
    assert "prot" not in done["spec"]


def test_a_name_that_persistence_cannot_have_is_refused_when_it_is_switched_on(namespace):
    kubectl("apply", "--filename", "-", stdin=registry({"name": 53 * "a"}, "long",
                                                       namespace=namespace))
    message = kubectl("--namespace", namespace, "patch", "lreg", "long", "--type=merge", "--patch",
                      '{"spec": {"persistence": {"enabled": true}}}', good=False)
    assert "spec.name" in message and "set persistence.enabled: false" in message
    kubectl("--namespace", namespace, "delete", "lreg", "long")


def test_every_field_is_described_and_the_text_is_short():
    for path, schema in schema_fields(VERSION["schema"]["openAPIV3Schema"]):
        if path[-1] != "*" and path != ("metadata",):
            assert 4 < len(schema.get("description", "")) <= 200, path


def test_every_list_map_and_text_of_the_spec_is_bounded():
    bounds = {"array": "maxItems", "string": "maxLength"}
    for path, schema in schema_fields(SPEC):
        if schema.get("type") in bounds and "enum" not in schema:
            assert bounds[schema["type"]] in schema, path
        if "additionalProperties" in schema:
            assert "maxProperties" in schema, path


def test_the_rules_are_cheap_enough_where_the_length_of_a_quantity_does_not_count(namespace):
    """An API server that ignores maxLength of an int-or-string estimates the rules' cost for the
    longest strings."""
    wide = crd()
    for _, schema in schema_fields(wide["spec"]["versions"][0]["schema"]["openAPIV3Schema"]):
        if schema.get("x-kubernetes-int-or-string"):
            del schema["maxLength"]
    kubectl("replace", "--dry-run=server", "--filename", "-", stdin=yaml.safe_dump(wide))


def test_kubectl_explain_tells_what_a_field_means(namespace):
    """The API server publishes the schema a moment after it serves the resource."""
    told = eventually(lambda: kubectl("explain", "lreg.spec.persistence.whenDeleted"))
    text = " ".join(told.split())
    assert "ENUM: Retain Delete" in text and "Retain keeps it with its images" in text


STATUS = {
    "observedGeneration": 1, "delivery": "LocalRegistry", "nodePort": 31234,
    "url": "localhost:31234", "clusterURL": "registry.team-a.svc:5000",
    "workload": "StatefulSet/registry", "volumeClaim": "registry",
    "conditions": [{"type": "Ready", "status": "False", "reason": "Deploying", "message": "",
                    "observedGeneration": 1, "lastTransitionTime": "2024-01-01T00:00:00Z"}]}


def patch_status(name, namespace, status, **options):
    return kubectl("--namespace", namespace, "patch", "lreg", name, "--subresource=status",
                   "--type=merge", "--patch", json.dumps({"status": status}), **options)


def test_kubectl_get_shows_the_columns_by_short_name_and_category(namespace):
    kubectl("apply", "--filename", "-", stdin=registry({}, "shown", namespace=namespace))
    patch_status("shown", namespace, STATUS)
    in_namespace = ("--namespace", namespace, "get")
    lines = kubectl(*in_namespace, "lreg").splitlines()
    assert lines[0].split() == ["NAME", "DELIVERY", "URL", "READY", "REASON", "AGE"]
    assert lines[1].split()[:5] == ["shown", "LocalRegistry", "localhost:31234", "False",
                                    "Deploying"]
    wide = kubectl(*in_namespace, "lreg", "--output", "wide").splitlines()
    assert wide[0].split()[6:] == ["WORKLOAD", "NODEPORT", "VOLUME"]
    assert wide[1].split()[6:] == ["StatefulSet/registry", "31234", "registry"]
    assert "localregistry.localregistry.dev/shown" in kubectl(*in_namespace, "all", "-o", "name")
    kubectl("--namespace", namespace, "delete", "lreg", "shown")


def test_status_is_written_by_its_subresource_alone_and_checked(namespace):
    document = yaml.safe_load(registry({}, "judged", namespace=namespace))
    document["status"] = {"url": "localhost:1"}
    kubectl("create", "--filename", "-", stdin=yaml.safe_dump(document))
    assert "status" not in json.loads(kubectl("--namespace", namespace, "get", "lreg", "judged",
                                              "--output", "json"))
    refusal = patch_status("judged", namespace, {"delivery": "Pigeon"}, good=False)
    assert "status.delivery" in refusal
    condition = STATUS["conditions"][0]
    twice = {"conditions": [condition, condition]}
    assert "Duplicate value" in patch_status("judged", namespace, twice, good=False)
    kubectl("--namespace", namespace, "delete", "lreg", "judged")


def test_the_plain_manifests_are_valid_and_the_pod_satisfies_pod_security_restricted(namespace):
    manifests = (PROJECT / "deploy/operator.yaml").read_text()
    documents = list(yaml.safe_load_all(manifests))
    namespace_and_account = yaml.safe_dump_all(documents[:2])
    kubectl("apply", "--filename", "-", stdin=namespace_and_account)
    kubectl("apply", "--dry-run=server", "--validate=strict", "--filename", "-", stdin=manifests)
    [deployment] = [one for one in documents if one["kind"] == "Deployment"]
    template = deployment["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
           "metadata": {"name": "operator", "namespace": SYSTEM}}
    kubectl("create", "--dry-run=server", "--filename", "-", stdin=yaml.safe_dump(pod))
    pod["spec"]["hostNetwork"] = True
    assert "violates PodSecurity" in kubectl("create", "--dry-run=server", "--filename", "-",
                                             stdin=yaml.safe_dump(pod), good=False)


def test_the_minimal_sample_has_five_lines():
    assert len((PROJECT / "deploy/samples/minimal.yaml").read_text().splitlines()) == 5

