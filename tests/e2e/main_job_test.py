"""The main promise: one resource, a push to localhost:<nodePort>, and a pod that runs the image."""
from registries import (IMAGE, build, condition, events, holds, local_registry, make, push,
                        run_pod, wait_condition, wait_event, wait_ready)
from world import apply, get, kubectl, on_node, wait_until

FIVE_LINES = """\
apiVersion: localregistry.dev/v1alpha1
kind: LocalRegistry
metadata:
  name: dev
spec: {}
"""

DOCKERFILE = """\
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "echo made in the cluster >/made"]
CMD ["/bin/busybox", "cat", "/made"]
"""


def test_five_lines_give_a_registry_that_takes_an_image_which_a_pod_runs(namespace):
    kubectl("--namespace", namespace, "apply", "--filename", "-", stdin=FIVE_LINES)
    port = wait_until("status.nodePort", lambda: get("LocalRegistry", namespace, "dev").get(
        "status", {}).get("nodePort"))
    ready_with_port = condition(namespace, "Ready")[0]
    kubectl("--namespace", namespace, "wait", "--for=condition=Ready", "lreg/dev",
            "--timeout=90s")
    push(port)
    output = run_pod(namespace, f"localhost:{port}/{IMAGE}", "echo", "pulled and run")
    assert output == "pulled and run\n"
    assert ready_with_port != "True", "the port is to be known before the pod is ready"


def test_status_and_printed_columns_tell_what_runs(namespace):
    status = make(namespace, local_registry(localbuild=True))
    port = get("Service", namespace, "registry")["spec"]["ports"][0]["nodePort"]
    assert status["observedGeneration"] == 1
    assert status["delivery"] == "LocalRegistry"
    assert status["nodePort"] == port
    assert status["url"] == f"localhost:{port}"
    assert status["clusterURL"] == f"registry.{namespace}.svc:5000"
    assert status["workload"] == "Deployment/registry"
    assert "volumeClaim" not in status
    assert {entry["type"]: entry["status"] for entry in status["conditions"]} == {
        "Ready": "True", "Accepted": "True", "Available": "True", "BuildKitReady": "False",
        "StorageReady": "True", "UpToDate": "True", "Converged": "True"}
    columns = kubectl("--namespace", namespace, "get", "lreg", "--output", "wide").splitlines()
    assert columns[0].split() == ["NAME", "DELIVERY", "URL", "READY", "REASON", "AGE", "WORKLOAD",
                                  "NODEPORT", "VOLUME"]
    assert columns[1].split()[:5] == ["dev", "LocalRegistry", f"localhost:{port}", "True", "Ready"]


def test_events_tell_once_what_a_person_wants_to_know(namespace):
    port = make(namespace, local_registry(localbuild=True))["nodePort"]
    wait_event(namespace, "Created", containing=f"localhost:{port}")
    said = [event[:3] for event in events(namespace)]
    assert len(said) == len(set(said)), said
    assert not [event for event in said if event[0] != "Normal"], said
    assert "Created" in kubectl("--namespace", namespace, "describe", "lreg", "dev")


def test_the_registry_answers_by_its_name_in_the_cluster(namespace):
    status = make(namespace, local_registry(localbuild=True))
    output = run_pod(namespace, "busybox:1.36", "wget", "-q", "-O", "-",
                     f"http://{status['clusterURL']}/v2/", pull="IfNotPresent")
    assert output.strip() == "{}"


def test_a_dockerfile_with_a_run_step_is_built_in_the_sidecar_and_run_by_a_pod(namespace, tmp_path):
    make(namespace, local_registry())
    wait_condition(namespace, "BuildKitReady", "True", "Ready")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    build(namespace, tmp_path, "org/app:dev")
    port = get("LocalRegistry", namespace, "dev")["status"]["nodePort"]
    output = run_pod(namespace, f"localhost:{port}/org/app:dev", "/bin/busybox", "cat", "/made")
    assert output == "made in the cluster\n"


def test_deleting_the_resource_removes_what_it_made(namespace):
    make(namespace, local_registry(localbuild=True))
    kubectl("--namespace", namespace, "delete", "lreg", "dev", "--timeout=30s")
    wait_until("workload and Service are gone", lambda: not get(
        "Deployment", namespace, "registry") and not get("Service", namespace, "registry"))


def test_an_image_can_be_deleted_from_the_registry(namespace):
    port = make(namespace, local_registry(localbuild=True))["nodePort"]
    push(port)
    on_node("skopeo", "delete", "--tls-verify=false", f"docker://localhost:{port}/{IMAGE}")
    assert not holds(port)


def test_applying_again_after_deleting_gives_a_registry_again(namespace):
    first = make(namespace, local_registry(localbuild=True))
    kubectl("--namespace", namespace, "delete", "lreg", "dev", "--timeout=30s")
    apply(namespace, local_registry(localbuild=True))
    second = wait_ready(namespace)
    assert first["workload"] == second["workload"]
    push(second["nodePort"])
