"""A mutating webhook changes what the operator writes, and the operator does not fight it.

The tests use a separate control plane with a real webhook, and count writes in the audit log.
"""
import base64
import contextlib
import http.server
import json
import ssl
import subprocess
import threading
import time

import pytest
import yaml

from program_test import CRD, ControlPlane, running
from world import wait_until

pytestmark = pytest.mark.xdist_group("program")  # shares its control plane's name with these tests

AGENT = "local-registry-operator"
QUIET = 20  # seconds; a fight would cause several writes in the first one
MIRROR = "harbor.acme.test/hub/"


def replace_images(containers):
    """Acts as a policy that points every image at the company's mirror."""
    return [{"op": "replace", "path": f"/spec/template/spec/containers/{i}/image",
             "value": MIRROR + one["image"]}
            for i, one in enumerate(containers) if not one["image"].startswith(MIRROR)]


def raise_resources(containers):
    """Acts as a platform that raises requests to a minimum."""
    least = {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}}
    return [{"op": "add", "path": f"/spec/template/spec/containers/{i}/resources", "value": least}
            for i, one in enumerate(containers) if one.get("resources") != least]


def admission_answer(request, patch):
    answer = {"uid": request["uid"], "allowed": True}
    operations = patch(request["object"]["spec"]["template"]["spec"]["containers"])
    if operations:
        answer |= {"patchType": "JSONPatch",
                   "patch": base64.b64encode(json.dumps(operations).encode()).decode()}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):  # pylint: disable=invalid-name
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(admission_answer(review["request"], self.server.patch)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def webhook(folder, patch):
    """Yields (url, CA as base64) of a webhook that patches workloads."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", folder / "key.pem", "-out", folder / "ca.pem"],
                   check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.patch = patch
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield (f"https://127.0.0.1:{server.server_address[1]}/",
               base64.b64encode((folder / "ca.pem").read_bytes()).decode())
    finally:
        server.shutdown()
        server.server_close()


def configuration(namespace, url, authority):
    return yaml.safe_dump({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [{
            "name": "policy.acme.test", "clientConfig": {"url": url, "caBundle": authority},
            "rules": [{"apiGroups": ["apps"], "apiVersions": ["v1"],
                       "operations": ["CREATE", "UPDATE"],
                       "resources": ["deployments", "statefulsets"]}],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "reinvocationPolicy": "IfNeeded", "failurePolicy": "Fail"}]})


class Namespace:
    """Namespace is a namespace of the control plane. It knows the writes in it."""

    def __init__(self, plane, name):
        self.plane, self.name = plane, name
        plane.kubectl("create", "namespace", name)

    def kubectl(self, *words, stdin=None):
        return self.plane.kubectl("--namespace", self.name, *words, stdin=stdin)

    def get(self, kind, name):
        return json.loads(self.kubectl("get", kind, name, "--output", "json"))

    def declare(self, name="dev", /, **spec):
        self.kubectl("apply", "--filename", "-", stdin=yaml.safe_dump({
            "apiVersion": "localregistry.dev/v1alpha1", "kind": "LocalRegistry",
            "metadata": {"name": name}, "spec": {"enabled": True, **spec}}))

    def status(self, name="dev"):
        return self.get("lreg", name).get("status", {})

    def condition(self, kind, name="dev"):
        return next((one for one in self.status(name).get("conditions", [])
                     if one["type"] == kind), {})

    def is_contested(self, name="dev"):
        return self.condition("Converged", name).get("reason") == "FieldOverridden"

    def writes(self):
        """Returns the operator's writes in the API server's audit log, without events."""
        found = []
        for line in (self.plane.folder / "audit.log").read_text().splitlines():
            entry = json.loads(line)
            what = entry.get("objectRef", {})
            if entry.get("userAgent", "").startswith(AGENT) \
                    and what.get("namespace") == self.name and what["resource"] != "events":
                found.append(f"{entry['verb']} {what['resource']} {what['name']}"
                             f" {what.get('subresource', '')}".rstrip())
        return found

    def stays_quiet(self, seconds=QUIET):
        before = self.writes()
        time.sleep(seconds)
        assert self.writes() == before


@pytest.fixture(scope="module")
def control_plane():
    made = ControlPlane()
    made.cluster("down")
    made.up()
    made.kubectl("apply", "--server-side", "--filename", CRD)
    wait_until("the resources are served", made.serves)
    yield made
    made.cluster("down")


@contextlib.contextmanager
def policy(plane, name, folder, patch):
    with webhook(folder, patch) as (url, authority):
        plane.kubectl("apply", "--filename", "-", stdin=configuration(name, url, authority))
        try:
            yield Namespace(plane, name)
        finally:
            plane.kubectl("delete", "mutatingwebhookconfiguration", name, "--ignore-not-found")


def test_an_image_that_a_policy_rewrites_is_written_once_and_reported(control_plane, tmp_path):
    with policy(control_plane, "s01", tmp_path, replace_images) as namespace, \
            running(tmp_path, control_plane.kubeconfig) as program:
        program.wait_ready()
        namespace.declare(localbuild=True)
        wait_until("it is reported", namespace.is_contested)
        converged = namespace.condition("Converged")
        assert "Deployment s01/registry" in converged["message"]
        assert "containers[registry].image" in converged["message"]
        assert "an admission webhook or policy" in converged["message"]
        assert namespace.status()["nodePort"] >= 30000
        deployment = namespace.get("deployment", "registry")
        assert deployment["metadata"]["generation"] == 1
        image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
        assert image == MIRROR + "registry:2.8.1"
        namespace.stays_quiet()
        writes = namespace.writes()
        assert writes.count("patch deployments registry") == 1, writes
        events = namespace.kubectl("get", "events", "--output", "jsonpath={.items[*].reason}")
        assert events.split().count("FieldOverridden") == 1 and "Healed" not in events, events
        assert "localregistry_contested_objects 1" in program.get("/metrics", program.metrics)[1]


def test_a_restart_of_the_operator_writes_nothing_to_a_contested_object(control_plane, tmp_path):
    with policy(control_plane, "s01-restart", tmp_path, replace_images) as namespace:
        for start in range(3):
            with running(tmp_path, control_plane.kubeconfig) as program:
                program.wait_ready()
                if start == 0:
                    namespace.declare(localbuild=True)
                wait_until("it is reported", namespace.is_contested)
                time.sleep(2)
        writes = namespace.writes()
        assert writes.count("patch deployments registry") == 1, writes


def test_resources_that_a_platform_raises_are_left_and_a_changed_spec_still_arrives(
        control_plane, tmp_path):
    asked = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}
    with policy(control_plane, "s02", tmp_path, raise_resources) as namespace, \
            running(tmp_path, control_plane.kubeconfig) as program:
        program.wait_ready()
        namespace.declare(resources=asked)
        namespace.declare("plain", name="plain")
        wait_until("it is reported", namespace.is_contested)
        wait_until("the other has converged",
                   lambda: namespace.condition("Converged", "plain").get("status") == "True")
        namespace.stays_quiet()
        assert namespace.get("deployment", "registry")["metadata"]["generation"] == 1
        assert namespace.writes().count("patch deployments plain") == 1, "it asks for nothing"
        namespace.declare(resources=asked, image="registry:3")

        def image():
            pod = namespace.get("deployment", "registry")["spec"]["template"]["spec"]
            return pod["containers"][0]["image"]

        wait_until("the changed spec arrives", lambda: image() == "registry:3")
        wait_until("it is reported again", lambda: namespace.is_contested()
                   and namespace.status()["observedGeneration"] == 2)
        assert namespace.writes().count("patch deployments registry") == 2


def test_a_field_that_another_controller_changes_back_is_left_to_it(control_plane, tmp_path):
    namespace = Namespace(control_plane, "fought")
    with running(tmp_path, control_plane.kubeconfig) as program:
        program.wait_ready()
        namespace.declare(localbuild=True)
        wait_until("it has a port", lambda: namespace.status().get("nodePort"))
        deadline = time.monotonic() + 60
        while not namespace.is_contested():
            assert time.monotonic() < deadline, namespace.status()
            namespace.kubectl("patch", "deployment", "registry", "--field-manager=scaler",
                              "--type=merge", "--patch", '{"spec":{"replicas":0}}')
            time.sleep(0.5)
        message = namespace.condition("Converged")["message"]
        assert "spec.replicas is changed by field manager scaler" in message, message
        namespace.stays_quiet()
        assert namespace.writes().count("patch deployments registry") <= 7
        assert namespace.get("deployment", "registry")["spec"]["replicas"] == 0
