"""Creates and reads LocalRegistries, and pushes to and pulls from their registries."""
import json
import shutil

from world import (CACHE, Failed, apply, get, kubectl, objects, on_node, run, wait_until)

READY_SECONDS = 90  # image on the node, pod scheduled and ready, on a busy machine
POD_SECONDS = 60
PROXY_SECONDS = 30
IMAGE = "org/project/image:dev"
OWNER_LABEL = "localregistry.dev/owner-uid"


def local_registry(name="dev", /, **spec):
    return {"apiVersion": "localregistry.dev/v1alpha1", "kind": "LocalRegistry",
            "metadata": {"name": name}, "spec": spec}


def without_sidecar(name="dev", /, **spec):
    """Returns a LocalRegistry without BuildKit, which takes memory and time that most tests do not
    need."""
    return local_registry(name, **{"localbuild": True, **spec})


def condition(namespace, kind, name="dev"):
    """Returns (status, reason, message) of a condition that was computed for the current
    generation."""
    registry = get("LocalRegistry", namespace, name)
    if registry:
        generation = registry["metadata"]["generation"]
        for entry in registry.get("status", {}).get("conditions", []):
            if entry["type"] == kind and entry.get("observedGeneration") == generation:
                return entry["status"], entry["reason"], entry["message"]
    return None, None, None


def wait_condition(namespace, kind, status, reason=None, name="dev", seconds=READY_SECONDS):
    """Waits for the condition and returns its message. With status None any status will do."""
    last = {}

    def holds():
        last["seen"] = seen = condition(namespace, kind, name)
        return status in (None, seen[0]) and reason in (None, seen[1])

    try:
        wait_until(f"{kind}={status} {reason or ''} of {namespace}/{name}", holds, seconds)
    except AssertionError as error:
        status_now = (get("LocalRegistry", namespace, name) or {}).get("status", {})
        raise AssertionError(f"{error} {last}\n{json.dumps(status_now, indent=1)}") from None
    return last["seen"][2]


def wait_ready(namespace, name="dev", seconds=READY_SECONDS):
    wait_condition(namespace, "Ready", "True", "Ready", name, seconds)
    return get("LocalRegistry", namespace, name)["status"]


def make(namespace, manifest):
    """Applies the resource, waits until it is Ready and returns its status."""
    apply(namespace, manifest)
    return wait_ready(namespace, manifest["metadata"]["name"])


def children(namespace):
    """Returns kind/name of all objects in the namespace that a LocalRegistry owns."""
    kinds = ("Deployment", "StatefulSet", "Service", "PersistentVolumeClaim")
    return sorted(f"{kind}/{child['metadata']['name']}" for kind in kinds
                  for child in objects(kind, namespace)
                  if OWNER_LABEL in child["metadata"].get("labels", {}))


def node_port(namespace, name="registry"):
    return get("Service", namespace, name)["spec"]["ports"][0]["nodePort"]


def registry_pod(namespace, name="registry"):
    """Returns the only pod of the registry that is not being deleted."""
    pods = [pod for pod in objects("Pod", namespace, **{"app.kubernetes.io/instance": name})
            if "deletionTimestamp" not in pod["metadata"]]
    assert len(pods) == 1, [pod["metadata"]["name"] for pod in pods]
    return pods[0]


def answers(port):
    """Returns whether localhost:<nodePort> answers on the node as a registry does."""
    try:
        return on_node("curl", "--silent", "--fail", "--max-time", "5",
                       f"http://localhost:{port}/v2/") == "{}"
    except Failed:
        return False


def push(port, image=IMAGE, archive="busybox"):
    """Pushes an image of the cache as a developer on the node would. Retries, because kube-proxy
    routes the port to a ready pod a moment later, and to the pod of an earlier registry of that
    name until that pod has ended."""
    def pushed():
        try:
            on_node("skopeo", "--command-timeout", "10s", "copy", "--quiet",
                    "--dest-tls-verify=false",
                    f"oci-archive:{CACHE}/images/{archive}.tar",
                    f"docker://localhost:{port}/{image}")
        except Failed as error:
            raise AssertionError(error) from error
        return True

    wait_until(f"an image is pushed to localhost:{port}", pushed, PROXY_SECONDS)


def holds(port, image=IMAGE):
    """Returns whether the registry has the image."""
    try:
        on_node("skopeo", "inspect", "--tls-verify=false", "--raw",
                f"docker://localhost:{port}/{image}", seconds=20)
    except Failed:
        return False
    return True


def run_pod(namespace, image, *command, name="runs", pull="Always"):
    """Runs a pod, which satisfies any Pod Security level, to its end and returns its output."""
    apply(namespace, {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never", "terminationGracePeriodSeconds": 0,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 1000,
                                "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "main", "image": image, "imagePullPolicy": pull, "command": list(command),
                "securityContext": {"allowPrivilegeEscalation": False,
                                    "capabilities": {"drop": ["ALL"]}}}]}})

    def ended():
        status = get("Pod", namespace, name)["status"]
        assert status["phase"] == "Succeeded", status
        return True

    wait_until(f"pod {namespace}/{name} succeeds", ended, POD_SECONDS)
    output = kubectl("--namespace", namespace, "logs", name)
    kubectl("--namespace", namespace, "delete", "pod", name, "--grace-period=0", "--force")
    return output


def build(namespace, folder, tag, port=5000, name="registry"):
    """Builds the folder's Dockerfile in the sidecar, which pushes the image inside the pod."""
    pod = registry_pod(namespace, name)["metadata"]["name"]
    shutil.copy(shutil.which("busybox"), folder / "busybox")
    return run("buildctl", "--addr",
               f"kube-pod://{pod}?namespace={namespace}&container=buildkitd", "build",
               "--progress", "plain", "--frontend", "dockerfile.v0",
               "--local", f"context={folder}", "--local", f"dockerfile={folder}", "--output",
               f"type=image,name=localhost:{port}/{tag},push=true,registry.insecure=true")


def events(namespace, name="dev"):
    """Returns (type, reason, note, count) of the events about the resource."""
    return [(event.get("type"), event["reason"], event.get("note", ""),
             event.get("series", {}).get("count") or event.get("deprecatedCount") or 1)
            for event in objects("Event", namespace)
            if event["regarding"].get("kind") == "LocalRegistry"
            and event["regarding"].get("name") == name]


def wait_event(namespace, reason, kind="Normal", name="dev", containing=""):
    return wait_until(f"an event {kind} {reason} about {namespace}/{name}", lambda: [
        event for event in events(namespace, name)
        if event[:2] == (kind, reason) and containing in event[2]])[0]

