"""The program started by hand: its flags, its exit codes, and a cluster that is not ready.

The tests use a separate control plane, so that the CRD and rights can be missing.
"""
import base64
import collections
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest
import yaml

from floods import SlowConnections, in_threads
from world import CLUSTER, PROJECT, Failed, run, wait_until

pytestmark = pytest.mark.xdist_group("program")  # all these tests share one control plane

BINARY = os.environ.get("OPERATOR_BINARY", PROJECT / "build/release/local-registry-operator")
CONTROL_PLANE = "e2e-program"
STOP_SECONDS = 5
CRD = PROJECT / "crds"
FLAGS = ["--kubeconfig", "--context", "--watch-namespaces", "--leader-elect",
         "--leader-election-namespace", "--metrics-bind-address", "--health-probe-bind-address",
         "--webhook-bind-address", "--webhook-service", "--webhook-secret",
         "--webhook-configuration", "--webhook-certificate-validity",
         "--max-concurrent-reconciles", "--push-check-deny", "--log-level", "--log-format",
         "--version", "--help"]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def execute(*flags, seconds=10, **environment):
    """Runs the program until it ends."""
    without = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"}
    return subprocess.run([BINARY, *flags], capture_output=True, text=True, timeout=seconds,
                          env={**without, **environment}, check=False)


class Running:
    """Running is the program in the background, with its log and its probe and metrics
    addresses."""

    def __init__(self, log, kubeconfig, *flags, webhook="0", preexec=None):
        self.health, self.metrics, self.log = free_port(), free_port(), log
        self.process = subprocess.Popen(
            [BINARY, f"--kubeconfig={kubeconfig}",
             f"--health-probe-bind-address=127.0.0.1:{self.health}",
             f"--metrics-bind-address=127.0.0.1:{self.metrics}",
             f"--webhook-bind-address={webhook}", *flags],
            stdout=subprocess.DEVNULL, stderr=log.open("w"), preexec_fn=preexec)

    def get(self, path, port=None):
        """Returns (code, body), or (0, error) while nothing listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port or self.health}{path}",
                                        timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def said(self):
        return self.log.read_text()

    def wait_ready(self):
        wait_until("/readyz", lambda: self.get("/readyz")[0] == 200 or self.still_runs())

    def still_runs(self):
        assert self.process.poll() is None, f"it ended with {self.process.poll()}: {self.said()}"
        return False

    def stop(self, number=signal.SIGTERM):
        """Stops the program. Returns (exit code, seconds that it took)."""
        begin = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS), time.monotonic() - begin


@contextlib.contextmanager
def running(tmp_path, kubeconfig, *flags, **options):
    program = Running(tmp_path / "operator.log", kubeconfig, *flags, **options)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.process.kill()
            program.process.wait()


class ControlPlane:
    def __init__(self, name=CONTROL_PLANE):
        self.folder, self.name = None, name

    def cluster(self, *words):
        return run(CLUSTER, "--name", self.name, *words)

    def up(self):
        self.cluster("up", "--control-plane-only")
        exports = self.cluster("env")
        self.folder = pathlib.Path(next(
            line for line in exports.splitlines() if "CLUSTER_RUN=" in line).split("=", 1)[1])

    @property
    def kubeconfig(self):
        return self.folder / "admin.kubeconfig"

    def kubectl(self, *words, stdin=None):
        return run("kubectl", f"--kubeconfig={self.kubeconfig}", *words, stdin=stdin)

    def resource(self, name="dev"):
        return json.loads(self.kubectl("get", "lreg", name, "--output", "json"))

    def serves(self):
        with contextlib.suppress(Failed):
            self.kubectl("get", "lreg", "--all-namespaces")
            return True
        return False


@pytest.fixture(scope="module")
def plane():
    """Yields a kube-apiserver without the CRD."""
    made = ControlPlane()
    made.cluster("down")
    made.up()
    yield made
    made.cluster("down")


@pytest.fixture
def served(plane):
    """Yields the same with the CRD, which is removed afterwards."""
    plane.kubectl("apply", "--filename", CRD)
    # `kubectl wait` fails on a CRD that has no conditions yet, so this lists its resources instead.
    wait_until("the resources are served", plane.serves)
    yield plane
    plane.kubectl("delete", "crd", "--all", "--timeout=60s")


def test_help_and_version_name_every_flag_and_end_well():
    told = execute("--help")
    assert told.returncode == 0
    assert [flag for flag in FLAGS if flag not in told.stdout] == []
    assert max(len(line) for line in told.stdout.splitlines()) <= 100
    version = execute("--version")
    assert version.returncode == 0 and len(version.stdout.splitlines()) == 1


@pytest.mark.parametrize("flag", [
    "--no-such-flag", "--log-level=loud", "--log-format=xml", "--max-concurrent-reconciles=0",
    "--max-concurrent-reconciles=many", "--metrics-bind-address=nowhere",
    "--health-probe-bind-address=:70000", "--webhook-bind-address=[::1]",
    "--webhook-certificate-validity=soon", "--push-check-deny=ten/8", "surplus",
    "--watch-namespaces=Not_A_Name"])
def test_a_wrong_flag_ends_the_program_with_code_2_and_one_clear_line(flag):
    told = execute(flag)
    assert told.returncode == 2, told
    assert flag.split("=")[0] in told.stderr
    assert len(told.stderr.strip().splitlines()) <= 2, told.stderr


@pytest.mark.parametrize("content", [
    None, "", "nonsense: [", "apiVersion: v1\nkind: Config\ncurrent-context: missing\n"])
def test_an_unusable_kubeconfig_ends_the_program_with_code_3_and_names_the_file(tmp_path, content):
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    told = execute(f"--kubeconfig={path}")
    assert told.returncode == 3, told
    assert str(path) in told.stderr and len(told.stderr.strip().splitlines()) == 1, told.stderr


def test_an_unknown_context_ends_the_program_with_code_3_and_names_it(plane):
    told = execute(f"--kubeconfig={plane.kubeconfig}", "--context=elsewhere")
    assert told.returncode == 3 and "elsewhere" in told.stderr


def test_an_address_in_use_ends_the_program_with_code_4_and_names_it(plane):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        told = execute(f"--kubeconfig={plane.kubeconfig}", f"--metrics-bind-address={address}",
                       "--health-probe-bind-address=0", "--webhook-bind-address=0")
    assert told.returncode == 4 and address in told.stderr, told


def test_an_unreachable_api_server_is_awaited_and_said_once(plane, tmp_path):
    config = yaml.safe_load(plane.kubeconfig.read_text())
    address = f"127.0.0.1:{free_port()}"
    config["clusters"][0]["cluster"]["server"] = f"https://{address}"
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    with running(tmp_path, tmp_path / "config") as program:
        wait_until("it says what it waits for", lambda: address in program.said())
        wait_until("not ready, alive", lambda: program.get("/readyz")[0] == 503)
        assert program.get("/healthz")[0] == 200
        assert program.get("/readyz")[1].strip()
        time.sleep(3)  # enough for several retries
        about = [line for line in program.said().splitlines() if address in line]
        assert len(about) <= 2, about
        assert program.stop()[0] == 0


def test_a_missing_crd_is_awaited_and_its_arrival_is_noticed(plane, tmp_path):
    with running(tmp_path, plane.kubeconfig) as program:
        wait_until("not ready", lambda: program.get("/readyz")[0] == 503)
        wait_until("it names the resource", lambda: "localregistries" in program.said())
        assert "localregistries" in program.get("/readyz")[1]
        plane.kubectl("apply", "--filename", CRD)
        try:
            program.wait_ready()
        finally:
            plane.kubectl("delete", "crd", "--all")


def test_missing_rights_are_awaited_and_their_arrival_is_noticed(served, tmp_path):
    (tmp_path / "config").write_text(served.cluster("kubeconfig", "--user", "jane"))
    with running(tmp_path, tmp_path / "config") as program:
        wait_until("not ready", lambda: program.get("/readyz")[0] == 503)
        wait_until("it says what is forbidden", lambda: "forbidden" in program.said().lower())
        assert program.process.poll() is None
        served.kubectl("create", "clusterrolebinding", "jane", "--clusterrole=cluster-admin",
                       "--user=jane")
        try:
            program.wait_ready()
        finally:
            served.kubectl("delete", "clusterrolebinding", "jane")


class Webhook:
    """Webhook calls the program's webhook as the API server does."""

    def __init__(self, program, port, authority):
        self.program, self.port = program, port
        self.context = ssl.create_default_context(cafile=authority)

    def connect(self):
        """Returns a connection that can be kept open."""
        connection = http.client.HTTPSConnection("hook.default.svc", timeout=WEBHOOK_SECONDS)
        plain = socket.create_connection(("127.0.0.1", self.port), WEBHOOK_SECONDS)
        connection.sock = self.context.wrap_socket(plain, server_hostname="hook.default.svc")
        return connection

    def post(self, body, connection=None):
        """Returns (code, text) of the answer, or (0, error) without one."""
        try:
            used = connection or self.connect()
            with contextlib.suppress(OSError):  # the server may refuse it early, but it answers
                used.request("POST", "/mutate", body, {"Content-Type": "application/json"})
            answer = used.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            return 0, repr(error)


def review(operation="CREATE", padding=0):
    """Returns an AdmissionReview of a pod, which an UPDATE has twice. padding: additional bytes of
    each pod."""
    content = {"metadata": {"name": "web", "annotations": {"padding": "x" * padding}},
               "spec": {"containers": [{"name": "main", "image": "ghcr.io/org/image"}]}}
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "default", "operation": operation, "object": content,
        "oldObject": content if operation == "UPDATE" else None}})


@contextlib.contextmanager
def with_webhook(served, tmp_path):
    port = free_port()
    served.kubectl("create", "--filename", "-", stdin="""
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: local-registry-operator}
webhooks:
- name: rewrite.localregistry.dev
  clientConfig: {url: "https://hook.default.svc/mutate"}
  namespaceSelector: {matchLabels: {nobody: has-this}}
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Ignore
""")
    try:
        with running(tmp_path, served.kubeconfig, "--webhook-service=hook",
                     webhook=f"127.0.0.1:{port}") as program:
            program.wait_ready()
            secret = served.kubectl("get", "secret", "local-registry-operator-webhook", "--output",
                                    "jsonpath={.data.ca\\.crt}")
            (tmp_path / "ca.crt").write_bytes(base64.b64decode(secret))
            yield Webhook(program, port, tmp_path / "ca.crt")
    finally:
        served.kubectl("delete", "mutatingwebhookconfiguration", "local-registry-operator")
        served.kubectl("delete", "secret", "local-registry-operator-webhook", "--ignore-not-found")


def test_the_webhook_answers_for_its_service_and_for_a_while_after_the_signal(served, tmp_path):
    with with_webhook(served, tmp_path) as webhook:
        code, text = webhook.post("{}")
        assert code == 400 and "not an AdmissionReview" in text
        webhook.program.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert "not an AdmissionReview" in webhook.post("{}")[1]
        assert webhook.program.process.wait(STOP_SECONDS) == 0


FLOOD = 1000          # connections
PROBE_SECONDS = 1     # timeout of the kubelet's probes
WEBHOOK_SECONDS = 2   # timeout of the API server for the webhook
MEMORY_LIMIT = 128 << 20


@pytest.mark.parametrize("addresses", [("127.0.0.1",), [f"127.0.0.{n}" for n in range(2, 200)]],
                         ids=["its own", "many"])
@pytest.mark.parametrize("port", ["health", "metrics", "webhook"])
def test_a_thousand_slow_connections_keep_no_client_out(served, tmp_path, port, addresses):
    texts = [b"", b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X-Slow: 1\r\n" * 100,
             b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 200]
    with with_webhook(served, tmp_path) as webhook:
        program = webhook.program
        kept = webhook.connect()
        assert webhook.post(review(), kept)[0] == 200
        target = webhook.port if port == "webhook" else getattr(program, port)
        with SlowConnections(target, FLOOD, texts, addresses) as flood:
            wait_until("all were made", lambda: flood.made >= FLOOD)
            served.kubectl("apply", "--filename", "-", stdin=resource("during"))
            begin = time.monotonic()
            wait_until("it is reconciled", lambda: served.resource("during").get(
                "status", {}).get("nodePort"))
            reconciled = time.monotonic() - begin
            end = time.monotonic() + 5
            while time.monotonic() < end:
                begin = time.monotonic()
                assert program.get("/healthz")[0] == 200
                assert program.get("/metrics", program.metrics)[0] == 200
                assert time.monotonic() - begin < 2 * PROBE_SECONDS
                for connection in (None, kept):
                    code, text = webhook.post(review(), connection)
                    assert code == 200, text
        print(f"{flood.made} connections were made, {flood.closed} closed by the server; "
              f"a new resource was reconciled within {reconciled:.1f} s")
        served.kubectl("delete", "lreg", "during")
        assert peak_memory(program) < MEMORY_LIMIT


def peak_memory(program):
    """Returns the peak memory of the program in bytes."""
    lines = pathlib.Path(f"/proc/{program.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


@pytest.mark.parametrize("megabytes", [3, 8])
def test_large_bodies_from_anyone_stay_within_the_memory_limit(served, tmp_path, megabytes):
    with with_webhook(served, tmp_path) as webhook:
        kept = webhook.connect()
        assert webhook.post(review(), kept)[0] == 200
        before = peak_memory(webhook.program)
        answers = []
        large = review("UPDATE", padding=megabytes << 19)
        flood = threading.Thread(
            target=lambda: answers.extend(in_threads(48, lambda: webhook.post(large))))
        flood.start()
        while flood.is_alive():
            assert webhook.post(review(), kept)[0] == 200
        flood.join()
        after = peak_memory(webhook.program)
        print(f"{collections.Counter(code for code, _ in answers)}; "
              f"{before >> 20} MiB before, {after >> 20} MiB at most")
        assert after < MEMORY_LIMIT // 2
        # 0: the server stops reading a client that keeps sending after a refusal, and closes the
        # connection.
        assert {code for code, _ in answers} <= {0, 200, 413, 503}, answers
        assert webhook.post(review("UPDATE", padding=3 << 19), kept)[0] == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_program_with_code_0_within_seconds(served, tmp_path, number):
    with running(tmp_path, served.kubeconfig) as program:
        program.wait_ready()
        code, seconds = program.stop(number)
        assert code == 0 and seconds < STOP_SECONDS


def test_a_leader_that_is_stopped_releases_its_lease(served, tmp_path):
    with running(tmp_path, served.kubeconfig, "--leader-elect",
                 "--leader-election-namespace=default") as program:
        program.wait_ready()
        lease = ["get", "lease", "local-registry-operator", "--output",
                 "jsonpath={.spec.holderIdentity}"]
        wait_until("it holds the lease", lambda: served.kubectl(*lease))
        assert program.stop()[0] == 0
        assert served.kubectl(*lease) == ""


def test_the_api_server_may_go_away_and_come_back(served, tmp_path):
    with running(tmp_path, served.kubeconfig) as program:
        program.wait_ready()
        served.cluster("kill", "kube-apiserver")
        served.cluster("start", "kube-apiserver")
        wait_until("the API server is back", lambda: served_again(served))
        served.kubectl("apply", "--filename", "-", stdin=resource("after"))
        wait_until("it is served", lambda: served.resource("after").get("status", {}).get(
            "nodePort"))
        assert program.process.poll() is None
        served.kubectl("delete", "lreg", "after")


def served_again(plane):
    try:
        return plane.kubectl("get", "--raw", "/readyz")
    except AssertionError:
        return None


def resource(name, **spec):
    return yaml.safe_dump({"apiVersion": "localregistry.dev/v1alpha1", "kind": "LocalRegistry",
                           "metadata": {"name": name, "namespace": "default"},
                           "spec": {"name": name, "localbuild": True, **spec}})


def test_a_malformed_object_is_skipped_and_counted_and_others_are_served(served, tmp_path):
    """The CRD gets a schema that accepts everything, as an older or broken one might."""
    loose = yaml.safe_load(next(CRD.glob("*.yaml")).read_text())
    loose["spec"]["versions"][0]["schema"] = {"openAPIV3Schema": {
        "type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    served.kubectl("apply", "--filename", "-", stdin=yaml.safe_dump(loose))

    def stored():
        try:
            return served.kubectl("apply", "--filename", "-", stdin=resource("odd", port="abc"))
        except AssertionError:
            return None

    wait_until("the loose schema is in force", stored)
    with running(tmp_path, served.kubeconfig) as program:
        program.wait_ready()
        served.kubectl("apply", "--filename", "-", stdin=resource("good"))
        wait_until("the good one is served", lambda: served.resource("good").get(
            "status", {}).get("nodePort"))
        counted = [line for line in program.get("/metrics", program.metrics)[1].splitlines()
                   if line.startswith("localregistry_malformed_objects_total")]
        assert counted and float(counted[0].split()[-1]) >= 1, counted
        assert "odd" in program.said() and program.process.poll() is None
        served.kubectl("delete", "lreg", "odd", "good")
