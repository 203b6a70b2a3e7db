"""The program started by hand: flags, exit codes, and what it does when the cluster is not ready.

Against a control plane of its own, so that the CRD and rights can be missing.
"""
import base64
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
import yaml

from world import CLUSTER, PROJECT, Failed, run, wait_until

pytestmark = pytest.mark.xdist_group("program")  # one control plane for all of them

BINARY = os.environ.get("OPERATOR_BINARY", PROJECT / "build/release/local-registry-operator")
CONTROL_PLANE = "e2e-program"
STOP_SECONDS = 5
CRD = PROJECT / "crds"
FLAGS = ["--kubeconfig", "--context", "--watch-namespaces", "--leader-elect",
         "--leader-election-namespace", "--metrics-bind-address", "--health-probe-bind-address",
         "--webhook-bind-address", "--webhook-service", "--webhook-secret",
         "--webhook-configuration", "--webhook-certificate-validity",
         "--max-concurrent-reconciles", "--log-level", "--log-format", "--version", "--help"]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def execute(*flags, seconds=10, **environment):
    """Runs the program to its end."""
    without = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"}
    return subprocess.run([BINARY, *flags], capture_output=True, text=True, timeout=seconds,
                          env={**without, **environment}, check=False)


class Running:
    """The program in the background, with its log and its probe and metrics addresses."""

    def __init__(self, log, kubeconfig, *flags, webhook="0"):
        self.health, self.metrics, self.log = free_port(), free_port(), log
        self.process = subprocess.Popen(
            [BINARY, f"--kubeconfig={kubeconfig}",
             f"--health-probe-bind-address=127.0.0.1:{self.health}",
             f"--metrics-bind-address=127.0.0.1:{self.metrics}",
             f"--webhook-bind-address={webhook}", *flags],
            stdout=subprocess.DEVNULL, stderr=log.open("w"))

    def get(self, path, port=None):
        """(code, body), or (0, why) while nothing listens."""
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
        """(exit code, seconds it took)"""
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
    def __init__(self):
        self.folder = None

    def cluster(self, *words):
        return run(CLUSTER, "--name", CONTROL_PLANE, *words)

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
    """A kube-apiserver without the CRD."""
    made = ControlPlane()
    made.cluster("down")
    made.up()
    yield made
    made.cluster("down")


@pytest.fixture
def served(plane):
    """The same with the CRD, which goes again afterwards."""
    plane.kubectl("apply", "--filename", CRD)
    # A CRD that has no conditions yet makes `kubectl wait` fail: ask for what is wanted instead.
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
    "--webhook-certificate-validity=soon", "surplus", "--watch-namespaces=Not_A_Name"])
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
        time.sleep(3)  # several tries later
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


def test_the_webhook_answers_for_its_service_and_for_a_while_after_the_signal(served, tmp_path):
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
    with running(tmp_path, served.kubeconfig, "--webhook-service=hook",
                 webhook=f"127.0.0.1:{port}") as program:
        program.wait_ready()
        secret = served.kubectl("get", "secret", "local-registry-operator-webhook", "--output",
                                "jsonpath={.data.ca\\.crt}")
        (tmp_path / "ca.crt").write_bytes(base64.b64decode(secret))
        ask = ["curl", "--silent", "--show-error", "--max-time", "5", "--cacert",
               tmp_path / "ca.crt", "--resolve", f"hook.default.svc:{port}:127.0.0.1",
               "--data", "{}", f"https://hook.default.svc:{port}/mutate"]
        assert "no AdmissionReview" in run(*ask)
        program.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert "no AdmissionReview" in run(*ask)
        assert program.process.wait(STOP_SECONDS) == 0
    served.kubectl("delete", "mutatingwebhookconfiguration", "local-registry-operator")
    served.kubectl("delete", "secret", "local-registry-operator-webhook")


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
    """A CRD whose schema lets everything pass, as an older or a broken one would."""
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
