"""The operator in the cluster: its Helm release, processes, Lease and writes."""
import functools
import hashlib
import json
import os
import pathlib
import signal
import time

from world import CACHE, Failed, PROJECT, get, kubectl, objects, on_node, run, wait_until

NAME = "local-registry-operator"
NAMESPACE = "local-registry-system"  # enforces Pod Security "restricted"
CHART = PROJECT / "charts" / NAME
IMAGE_VALUES = "image.repository=localhost/local-registry-operator,image.tag=dev"
ARCHIVE = CACHE / "images" / "operator.tar"
USER = f"system:serviceaccount:{NAMESPACE}:{NAME}"
METRICS_PORT, HEALTH_PORT = 8080, 8081
HELM_SECONDS = 120


def prepare_namespace():
    kubectl("apply", "--filename", "-", stdin=f"""
apiVersion: v1
kind: Namespace
metadata:
  name: {NAMESPACE}
  labels: {{pod-security.kubernetes.io/enforce: restricted}}
""")


@functools.lru_cache
def image_mark():
    """Returns an annotation that changes with the image, so that the pods use a rebuilt image of
    the same name."""
    return f"podAnnotations.archive={hashlib.sha256(ARCHIVE.read_bytes()).hexdigest()[:16]}"


def upgrade(*values, name=NAME):
    """Runs helm upgrade --install with these key=value pairs, and returns when the pods are
    ready."""
    flags = [word for value in (IMAGE_VALUES, *values) for word in ("--set", value)]
    flags += ["--set-string", image_mark()]
    run("helm", "upgrade", "--install", name, CHART, "--namespace", NAMESPACE, "--wait",
        "--timeout", f"{HELM_SECONDS}s", *flags, seconds=HELM_SECONDS + 10)


def restart():
    kubectl("--namespace", NAMESPACE, "rollout", "restart", f"deployment/{NAME}")
    kubectl("--namespace", NAMESPACE, "rollout", "status", f"deployment/{NAME}")


def uninstall(name=NAME):
    run("helm", "uninstall", name, "--namespace", NAMESPACE, "--wait", "--timeout", "60s")


def pods():
    """Returns the operator's pods that are not being deleted."""
    return [pod for pod in objects("Pod", NAMESPACE, **{"app.kubernetes.io/instance": NAME})
            if "deletionTimestamp" not in pod["metadata"]]


def is_ready(pod):
    return any(condition["type"] == "Ready" and condition["status"] == "True"
               for condition in pod["status"].get("conditions", []))


def wait_ready(replicas=1):
    def ready():
        found = pods()
        assert len(found) == replicas and all(map(is_ready, found)), [
            (pod["metadata"]["name"], pod["status"]["phase"]) for pod in found]
        return found

    return wait_until(f"{replicas} ready operator pods", ready)


def process(pod):
    """Returns the process id, on the machine, of the operator in the pod."""
    mark = "pod" + pod["metadata"]["uid"]
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if (folder / "comm").read_text().startswith(NAME[:15]) and \
                        mark in (folder / "cgroup").read_text():
                    return int(folder.name)
            except OSError:
                continue  # the process has ended meanwhile
    return None


def send(pod, number):
    """Sends the signal to the operator in the pod. Returns the time on the monotonic clock."""
    target = wait_until(f"the process of {pod['metadata']['name']}", lambda: process(pod))
    sent = time.monotonic()
    os.kill(target, number)
    return sent


def kill_all():
    """Sends SIGKILL to every operator. The kubelet starts the containers again."""
    for pod in pods():
        send(pod, signal.SIGKILL)


def leader():
    """Returns the pod that holds the Lease, or None."""
    lease = get("Lease", NAMESPACE, NAME) or {"spec": {}}
    holder = lease["spec"].get("holderIdentity") or ""
    return next((pod for pod in pods() if holder.startswith(pod["metadata"]["name"])), None)


def wait_leader(other_than=None, seconds=60):
    def led():
        now = leader()
        return now and (other_than is None or now["metadata"]["uid"] != other_than) and now

    return wait_until("a leader", led, seconds)


def leads(pod):
    """Returns whether the process in the pod reports that it leads: a Lease may still name a dead
    process."""
    try:
        return any(line.startswith("leader_election_master_status{") and line.endswith(" 1")
                   for line in fetch("/metrics", pod=pod).splitlines())
    except Failed:
        return False


def wait_leading(seconds=60):
    return wait_until("a process that leads", lambda: next(filter(leads, pods()), None), seconds)


def fetch(path, port=METRICS_PORT, pod=None):
    """Returns the answer to GET path, of this pod or of the leader's."""
    pod = pod or wait_leader()
    return on_node("curl", "--silent", "--show-error", "--fail", "--max-time", "10",
                   f"http://{pod['status']['podIP']}:{port}{path}")


def logs():
    return kubectl("--namespace", NAMESPACE, "logs", "--selector",
                   f"app.kubernetes.io/instance={NAME}", "--prefix", "--tail=-1")


class Audit:
    """Audit reads the writes of one user since its creation from the API server's audit log."""

    def __init__(self, user=USER):
        self.user = user
        self.path = pathlib.Path(os.environ["AUDIT_LOG"])
        self.offset = self.path.stat().st_size

    def writes(self, *ignored):
        """Returns VERB RESOURCE/SUBRESOURCE NAMESPACE/NAME of each write, without the ignored
        resources."""
        found = []
        with self.path.open() as log:
            log.seek(self.offset)
            for line in log:
                if not line.endswith("\n"):
                    break  # still being written
                entry = json.loads(line)
                what = entry.get("objectRef", {})
                if entry["user"]["username"] == self.user and what.get("resource") not in ignored:
                    resource = "/".join(filter(None, (what["resource"], what.get("subresource"))))
                    found.append(f"{entry['verb']} {resource} "
                                 f"{what.get('namespace', '')}/{what.get('name', '')}")
        return found
