"""Pods in a labelled namespace run the images of the local registry. Nothing else is changed."""
import collections
import http.client
import itertools
import json
import statistics
import threading
import time

import pytest

import release
import world
from conftest import new_namespace
from registries import make, push, registry_pod, wait_ready, without_sidecar
from world import apply, get, kubectl, patch, stays, wait_until

IMAGE = "ghcr.io/org/project/image"
LABEL = {"localregistry.dev/rewrite": "enabled"}
ORIGINALS = "localregistry.dev/original-images"
CONFIGURATION = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
SECURITY = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
SLEEP = ["sh", "-c", "sleep 1000 & wait"]


@pytest.fixture
def namespace(request):
    return new_namespace(request, labels=LABEL)


def declaring(image=IMAGE, **spec):
    return without_sidecar(enabled=True, images=[{"name": "main", "image": image}], **spec)


def container(image, name="main", command=None):
    return {"name": name, "image": image, "command": command or SLEEP, "securityContext": SECURITY}


def pod(image, name="web", annotations=None, **spec):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "annotations": annotations or {}},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [container(image)],
                     "securityContext": {"runAsNonRoot": True, "runAsUser": 1000,
                                         "seccompProfile": {"type": "RuntimeDefault"}}, **spec}}


_local = threading.local()


def admitted(namespace, manifest):
    """Returns the pod as the API server would store it under another name, by a dry run."""
    manifest = {**manifest, "metadata": {**manifest["metadata"], "name": "not-stored"}}
    for is_last in (False, True):
        try:
            status, body = _post(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", manifest)
            break
        except (OSError, http.client.HTTPException):  # the API server closes idle connections
            _local.__dict__.pop("connection", None)
            if is_last:
                raise
    assert status == 201, f"{status} {body}"
    return json.loads(body)


def _post(path, value):
    if not hasattr(_local, "connection"):
        address, context = world._server()
        _local.connection = http.client.HTTPSConnection(address, context=context, timeout=20)
    _local.connection.request("POST", path, json.dumps(value), {"Content-Type": "application/json"})
    answer = _local.connection.getresponse()
    return answer.status, answer.read().decode()


def image_of(stored, containers="containers"):
    return stored["spec"][containers][0]["image"]


def wait_rewriting(namespace, port):
    """Waits until the API server calls the webhook, which it does a moment after the configuration
    changed."""
    local = f"localhost:{port}/org/project/image"
    wait_until("the webhook rewrites", lambda: image_of(admitted(namespace, pod(IMAGE))) == local)
    return local


@pytest.fixture
def local(namespace):
    """Returns the image's reference in a registry of the namespace. Nothing is pushed."""
    return wait_rewriting(namespace, make(namespace, declaring())["nodePort"])


def configuration():
    return json.loads(kubectl("get", "--raw", f"{CONFIGURATION}/{release.NAME}"))


def secret():
    return json.loads(kubectl("--namespace", release.NAMESPACE, "get", "secret",
                              f"{release.NAME}-webhook", "--output", "json")).get("data", {})


def test_a_deployment_runs_from_the_local_registry(namespace):
    port = make(namespace, declaring())["nodePort"]
    push(port, "org/project/image:latest")
    wait_rewriting(namespace, port)
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod(IMAGE)["spec"]}
    apply(namespace, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
                      "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template}})
    kubectl("--namespace", namespace, "rollout", "status", "deployment/web", "--timeout=60s")
    [running] = world.objects("Pod", namespace, app="web")
    assert image_of(running) == f"localhost:{port}/org/project/image"
    assert json.loads(running["metadata"]["annotations"][ORIGINALS]) == {"main": IMAGE}
    pulled = kubectl("--namespace", namespace, "get", "events", "--field-selector",
                     f"reason=Pulled,involvedObject.name={running['metadata']['name']}",
                     "--output=jsonpath={.items[*].message}")
    assert f'"localhost:{port}/org/project/image"' in pulled
    deployed = get("Deployment", namespace, "web")
    assert image_of(deployed["spec"]["template"]) == IMAGE, "what was written stays"


def test_tags_and_digests_are_kept_and_other_images_left(namespace, local):
    digest = "sha256:" + "a" * 64
    for asked, given in ((f"{IMAGE}:1.2", f"{local}:1.2"),
                         (f"{IMAGE}@{digest}", f"{local}@{digest}"),
                         ("ghcr.io/org/project/image2", None), ("org/project/image", None),
                         ("ghcr.io:443/org/project/image", None), (f"{local}:1", None)):
        stored = admitted(namespace, pod(asked))
        assert image_of(stored) == (given or asked)
        assert (ORIGINALS in stored["metadata"].get("annotations", {})) == bool(given)


def test_init_containers_are_rewritten_and_other_annotations_stay(namespace, local):
    stored = admitted(namespace, pod("busybox:1.36", annotations={"example.com/a": "b"},
                                     initContainers=[container(f"{IMAGE}:1", "first")]))
    assert image_of(stored, "initContainers") == f"{local}:1"
    assert image_of(stored) == "busybox:1.36"
    assert stored["metadata"]["annotations"] == {
        "example.com/a": "b", ORIGINALS: json.dumps({"first": f"{IMAGE}:1"}, separators=(",", ":"))}


def test_image_volumes_are_rewritten(namespace, local):
    volume = {"name": "data", "image": {"reference": f"{IMAGE}:1"}}
    stored = admitted(namespace, pod("busybox:1.36", volumes=[volume]))
    volumes = [one for one in stored["spec"]["volumes"] if one["name"] == "data"]
    assert volumes[0]["image"]["reference"] == f"{local}:1"
    assert "volume/data" in stored["metadata"]["annotations"][ORIGINALS]


def test_a_pod_may_opt_out(namespace, local):
    stored = admitted(namespace, pod(IMAGE, annotations={"localregistry.dev/rewrite": "disabled"}))
    assert image_of(stored) == IMAGE and local


def test_namespaces_without_the_label_are_untouched(namespace, other_namespace, local):
    make(other_namespace, declaring())
    assert image_of(admitted(namespace, pod(IMAGE))) == local
    stored = admitted(other_namespace, pod(IMAGE))
    assert image_of(stored) == IMAGE and ORIGINALS not in stored["metadata"].get("annotations", {})


def test_a_labelled_namespace_has_the_images_of_its_own_registries_alone(
        request, namespace, local):
    second = new_namespace(request, "-2", labels=LABEL)
    assert image_of(admitted(second, pod(IMAGE))) == IMAGE
    port = make(second, declaring())["nodePort"]
    assert wait_rewriting(second, port) != local
    assert image_of(admitted(namespace, pod(IMAGE))) == local


def test_kube_system_and_the_operators_namespace_are_left_alone_even_with_the_label(request):
    for name in ("kube-system", release.NAMESPACE):
        kubectl("label", "namespace", name, "localregistry.dev/rewrite=enabled")
        request.addfinalizer(lambda n=name: kubectl("label", "namespace", n,
                                                    "localregistry.dev/rewrite-"))
    before = release.fetch("/metrics")
    for name in ("kube-system", release.NAMESPACE):
        assert image_of(admitted(name, pod(IMAGE))) == IMAGE
    assert "/mutate" in before


def test_a_registry_whose_own_image_is_declared_does_not_wait_for_itself(namespace):
    make(namespace, declaring("docker.io/library/registry"))
    kubectl("--namespace", namespace, "delete", "pod", "--selector",
            "app.kubernetes.io/instance=registry", "--wait=false")
    wait_until("a new pod", lambda: registry_pod(namespace)["status"]["phase"] == "Running")
    wait_ready(namespace)
    assert image_of(registry_pod(namespace)) == "registry:2.8.1"


def test_kubectl_debug_gets_the_image_of_the_local_registry(namespace):
    port = make(namespace, declaring())["nodePort"]
    push(port, "org/project/image:dev")
    wait_rewriting(namespace, port)
    apply(namespace, pod("busybox:1.36"))
    kubectl("--namespace", namespace, "wait", "--for=condition=Ready", "pod/web", "--timeout=60s")

    def debug(name):
        kubectl("--namespace", namespace, "debug", "web", f"--container={name}", "--quiet",
                f"--image={IMAGE}:dev", "--profile=restricted", "--attach=false", "--",
                "sh", "-c", "echo debugged")

    def ephemeral():
        return {one["name"]: one["image"]
                for one in get("Pod", namespace, "web")["spec"]["ephemeralContainers"]}

    kubectl("label", "namespace", namespace, "localregistry.dev/rewrite-")
    wait_until("the webhook is not called", lambda: image_of(
        admitted(namespace, pod(IMAGE))) == IMAGE)
    debug("before")
    kubectl("label", "namespace", namespace, "localregistry.dev/rewrite=enabled")
    wait_rewriting(namespace, port)
    debug("after")
    assert ephemeral() == {"before": f"{IMAGE}:dev",
                           "after": f"localhost:{port}/org/project/image:dev"}
    wait_until("its output", lambda: "debugged" in kubectl(
        "--namespace", namespace, "logs", "web", "--container=after", may_fail=True))


@pytest.fixture
def declared(namespace):
    """Returns the image's reference in the local registry of the namespace, which need not run
    yet."""
    apply(namespace, declaring())
    port = wait_until("its port", lambda: get("LocalRegistry", namespace, "dev").get(
        "status", {}).get("nodePort"))
    return wait_rewriting(namespace, port)


def originals_of(stored):
    return json.loads(stored["metadata"].get("annotations", {}).get(ORIGINALS, "{}"))


def scheduled(namespace):
    """Returns the pod web once it has a node. From then on only the test changes its spec."""
    def found():
        stored = get("Pod", namespace, "web")
        return stored if stored["spec"].get("nodeName") else None
    return wait_until("it is scheduled", found)


def test_a_pod_that_is_applied_a_second_time_stays_on_the_local_registry(namespace, declared):
    manifest = pod(f"{IMAGE}:dev")
    apply(namespace, manifest)
    first = scheduled(namespace)
    apply(namespace, manifest)
    second = get("Pod", namespace, "web")
    for stored in (first, second):
        assert image_of(stored) == f"{declared}:dev"
        assert originals_of(stored) == {"main": f"{IMAGE}:dev"}
    assert second["spec"] == first["spec"]


def test_an_image_that_is_set_is_rewritten_and_the_annotation_stays_true(namespace, declared):
    apply(namespace, pod(f"{IMAGE}:dev", initContainers=[container(IMAGE, "first")]))

    def set_image(image):
        kubectl("--namespace", namespace, "set", "image", "pod/web", f"main={image}")
        return get("Pod", namespace, "web")

    stored = set_image(f"{IMAGE}:dev2")
    assert image_of(stored) == f"{declared}:dev2"
    assert originals_of(stored) == {"main": f"{IMAGE}:dev2", "first": IMAGE}
    stored = set_image("busybox:1.36")
    assert image_of(stored) == "busybox:1.36" and originals_of(stored) == {"first": IMAGE}


def test_a_server_side_apply_of_the_same_pod_is_no_conflict_and_no_change(namespace, declared):
    manifest = json.dumps({**pod(f"{IMAGE}:dev"), "metadata": {"name": "web"}})

    def apply_on_the_server():
        kubectl("--namespace", namespace, "apply", "--server-side", "--filename", "-",
                stdin=manifest)
        stored = scheduled(namespace)
        assert image_of(stored) == f"{declared}:dev"
        return stored["spec"], stored["metadata"]["annotations"]

    first = apply_on_the_server()
    assert apply_on_the_server() == first
    assert apply_on_the_server() == first


def test_a_replaced_pod_is_rewritten_again(namespace, declared):
    apply(namespace, pod(f"{IMAGE}:dev"))
    # If the pod were scheduled between the read and the write, the write would remove its node and
    # be refused.
    wait_until("it is scheduled", lambda: get("Pod", namespace, "web")["spec"].get("nodeName"))
    stored = get("Pod", namespace, "web")
    stored["spec"]["containers"][0]["image"] = f"{IMAGE}:dev2"
    del stored["metadata"]["annotations"], stored["metadata"]["resourceVersion"]
    kubectl("--namespace", namespace, "replace", "--filename", "-", stdin=json.dumps(stored))
    stored = get("Pod", namespace, "web")
    assert image_of(stored) == f"{declared}:dev2"
    assert originals_of(stored) == {"main": f"{IMAGE}:dev2"}


def test_a_pod_that_was_not_rewritten_is_left_alone_when_other_fields_change(namespace, declared):
    apply(namespace, pod(IMAGE, annotations={"localregistry.dev/rewrite": "disabled"}))
    kubectl("--namespace", namespace, "annotate", "pod/web", "localregistry.dev/rewrite-")
    kubectl("--namespace", namespace, "label", "pod/web", "any=thing")
    stored = get("Pod", namespace, "web")
    assert image_of(stored) == IMAGE and originals_of(stored) == {} and declared


def test_a_mirror_pod_is_never_changed(namespace, declared):
    mark = "5f0c1b9d3c1d4e8e9a0b1c2d3e4f5a6b"
    mirror = pod(IMAGE, name="proxy-node-1", nodeName="node-1", automountServiceAccountToken=False,
                 tolerations=[{"operator": "Exists", "effect": "NoExecute"}],
                 annotations={f"kubernetes.io/config.{key}": mark
                              for key in ("hash", "mirror", "source")})
    stored = admitted(namespace, mirror)
    assert image_of(stored) == IMAGE and originals_of(stored) == {}
    assert image_of(admitted(namespace, pod(IMAGE))) == declared


def test_the_audit_log_tells_what_was_asked_for(namespace, local):
    path = release.Audit().path
    offset = path.stat().st_size
    admitted(namespace, pod(f"{IMAGE}:audited"))

    def told():
        with path.open() as log:
            log.seek(offset)
            return any("rewrite.localregistry.dev/original-images" in line and
                       f"{IMAGE}:audited" in line for line in log)

    wait_until("the audit log has it", told)
    assert local


def test_when_the_registry_goes_its_images_are_asked_for_where_they_are(namespace, local):
    assert image_of(admitted(namespace, pod(IMAGE))) == local
    patch("lreg", namespace, "dev", {"spec": {"enabled": False}})
    wait_until("the image of its own registry",
               lambda: image_of(admitted(namespace, pod(IMAGE))) == IMAGE)


def test_metrics_count_what_was_done(namespace, local):
    def counted(name):
        return sum(float(line.split()[-1]) for line in release.fetch("/metrics").splitlines()
                   if line.startswith(name))

    names = ("localregistry_webhook_images_rewritten_total",
             'localregistry_webhook_reviews_total{result="rewritten"}',
             'controller_runtime_webhook_requests_total{code="200",webhook="/mutate"}',
             'controller_runtime_webhook_latency_seconds_count{webhook="/mutate"}')
    before = [counted(name) for name in names]
    admitted(namespace, pod(IMAGE, initContainers=[container(IMAGE, "first")]))
    after = [counted(name) for name in names]
    assert after[0] >= before[0] + 2
    assert all(now > earlier for now, earlier in zip(after, before)), (before, after)
    assert counted("localregistry_webhook_certificate_expiry_timestamp_seconds") > time.time()
    assert local


@pytest.mark.alone
def test_a_bundle_that_was_changed_is_put_back(namespace, local):
    good = configuration()["webhooks"][0]["clientConfig"]["caBundle"]
    kubectl("patch", "mutatingwebhookconfiguration", release.NAME, "--type=json", "--patch",
            json.dumps([{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]))
    wait_until("it is back", lambda: configuration()["webhooks"][0]["clientConfig"].get(
        "caBundle") == good)
    wait_until("it works", lambda: image_of(admitted(namespace, pod(IMAGE))) == local)


@pytest.mark.alone
def test_a_secret_that_was_deleted_is_made_anew(namespace, local):
    old = secret()["tls.crt"]
    kubectl("--namespace", release.NAMESPACE, "delete", "secret", f"{release.NAME}-webhook")
    wait_until("a new one", lambda: "tls.crt" in kubectl(
        "--namespace", release.NAMESPACE, "get", "secret", "--output", "yaml"))
    assert secret()["tls.crt"] != old
    wait_until("it works", lambda: image_of(admitted(namespace, pod(IMAGE))) == local)


@pytest.mark.alone
def test_with_the_operator_down_pods_still_start(request, namespace, local):
    kubectl("--namespace", release.NAMESPACE, "scale", f"deployment/{release.NAME}", "--replicas=0")
    request.addfinalizer(release.wait_ready)
    request.addfinalizer(lambda: kubectl("--namespace", release.NAMESPACE, "scale",
                                         f"deployment/{release.NAME}", "--replicas=1"))
    wait_until("no operator", lambda: not release.pods())
    apply(namespace, pod("busybox:1.36"))
    kubectl("--namespace", namespace, "wait", "--for=condition=Ready", "pod/web", "--timeout=30s")
    begin = time.monotonic()
    assert image_of(admitted(namespace, pod(IMAGE))) in (IMAGE, local)
    assert time.monotonic() - begin < 5, "the API server gives up after two seconds"


class Stream:
    """Stream sends pods to the API server from a few threads until it is stopped, and counts the
    outcomes."""

    def __init__(self, namespace, local, threads=4):
        self.namespace, self.local = namespace, local
        self.outcomes, self.seconds = collections.Counter(), []
        self.failures = []
        self.going = True
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]

    def run(self):
        for number in itertools.count():
            if not self.going:
                return
            begin = time.monotonic()
            try:
                stored = admitted(self.namespace, pod(f"{IMAGE}:{number}"))
                good = image_of(stored) == f"{self.local}:{number}"
                self.outcomes["rewritten" if good else "not rewritten"] += 1
                if not good:
                    self.failures.append((time.time(), image_of(stored)))
            except (AssertionError, OSError, http.client.HTTPException) as error:
                _local.__dict__.pop("connection", None)
                self.outcomes["failed"] += 1
                self.failures.append((time.time(), str(error)[:200]))
            self.seconds.append(time.monotonic() - begin)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.going = False
        for thread in self.threads:
            thread.join()

    def describe(self):
        parts = statistics.quantiles(self.seconds, n=100)
        return (f"{dict(self.outcomes)}, a pod took {parts[49] * 1000:.1f} ms, "
                f"99 of 100 at most {parts[98] * 1000:.1f} ms; {self.failures[:5]}")


def begin_anew():
    """Restores the default values with a new certificate authority. The authority of a minute would
    expire before its successor, which now settles for ten minutes, may sign; pods would not be
    rewritten in between."""
    release.upgrade("replicas=1")
    release.wait_ready()
    old = secret()["tls.crt"]
    kubectl("--namespace", release.NAMESPACE, "delete", "secret", f"{release.NAME}-webhook")
    wait_until("a new certificate", lambda: "tls.crt" in kubectl(
        "--namespace", release.NAMESPACE, "get", "secret", "--output", "yaml") and
        secret()["tls.crt"] != old)


@pytest.mark.alone
def test_certificates_rotate_under_a_stream_of_admissions_and_none_fails(
        request, namespace, local):
    """A certificate is valid for 20 s, so there is a new one every 13 s and a new authority after
    60 s."""
    request.addfinalizer(begin_anew)
    release.upgrade("replicas=2", "extraArgs={--webhook-certificate-validity=20s}")
    release.wait_ready(2)
    wait_until("it works", lambda: image_of(admitted(namespace, pod(IMAGE))) == local)
    leaves, authorities = set(), set()
    with Stream(namespace, local) as stream:
        end = time.monotonic() + 150
        while time.monotonic() < end:
            data = secret()
            leaves.add(data["tls.crt"])
            authorities.add(data["ca.crt"])
            time.sleep(1)
    print(f"{len(leaves)} certificates, {len(authorities)} sets of authorities;",
          stream.describe())
    assert len(leaves) >= 8 and len(authorities) >= 4, (len(leaves), len(authorities))
    assert set(stream.outcomes) == {"rewritten"}, stream.describe()


@pytest.mark.alone
def test_a_rollout_of_two_replicas_under_a_stream_of_admissions_fails_none(
        request, namespace, local):
    request.addfinalizer(lambda: (release.upgrade("replicas=1"), release.wait_ready()))
    release.upgrade("replicas=2")
    release.wait_ready(2)
    with Stream(namespace, local) as stream:
        time.sleep(3)
        release.restart()
        release.wait_ready(2)
        time.sleep(3)
    print(stream.describe())
    assert set(stream.outcomes) == {"rewritten"}, stream.describe()


@pytest.mark.alone
def test_an_upgrade_from_a_release_without_the_webhook_brings_it(request, namespace, local):
    request.addfinalizer(lambda: (release.upgrade(), release.wait_ready()))
    release.upgrade("webhook.enabled=false")
    release.wait_ready()
    stays("untouched", lambda: image_of(admitted(namespace, pod(IMAGE))) == IMAGE)
    release.upgrade()
    release.wait_ready()
    wait_until("it works", lambda: image_of(admitted(namespace, pod(IMAGE))) == local)


def test_the_key_is_in_no_log(namespace, local):
    said = release.logs()
    assert "PRIVATE KEY" not in said and secret()["tls.key"][:60] not in said
    assert namespace and local
