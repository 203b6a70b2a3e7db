"""The kubectl plugin does on a real cluster what its help promises."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time

import pytest
import yaml

import plugin
import release
import upstream
from main_job_test import DOCKERFILE
from plugin import ask, tell
from registries import (condition, holds, local_registry, make, node_port, push, registry_pod,
                        run_pod, wait_condition, without_sidecar)
from world import CACHE, PROJECT, apply, kubectl, on_node, run, wait_until

IMAGES = [{"name": "backend", "image": "ghcr.io/org/project/image", "tags": ["dev"]},
          {"name": "backend-dev", "image": "ghcr.io/org/project/image-dev"}]
ARCHIVE = CACHE / "images" / "busybox.tar"
BIG, SMALL = 300_000_000, 1_000_000  # bytes of layers


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory):
    plugin.install(tmp_path_factory.mktemp("bin"))


def ready(namespace, name="dev", /, **spec):
    """Makes a registry that delivers the example's images and returns its port."""
    return make(namespace, without_sidecar(name, enabled=True, images=IMAGES, **spec))["nodePort"]


def test_the_manuals_page_becomes_a_registry_that_delivers_its_images(namespace, tmp_path):
    (tmp_path / "devspace.yaml").write_text(plugin.DEVSPACE)
    code, manifest, notes = ask(namespace, "import", tmp_path / "devspace.yaml")
    assert code == 0
    assert "not carried over: the sections deployments, dev, which" in notes
    kubectl("--namespace", namespace, "apply", "--filename", "-", stdin=manifest)
    assert tell(namespace, "wait", "--timeout", "110s").endswith("/dev condition met\n")
    port = node_port(namespace)
    assert tell(namespace, "url") == f"localhost:{port}\n"
    assert tell(namespace, "url", "--in-cluster") == f"registry.{namespace}.svc:5000\n"
    told = tell(namespace, "status")
    assert "Ready:          yes (Ready)" in told
    for path in ("image", "image-dev"):
        assert f"localhost:{port}/org/project/{path}\n" in told, told
    rewritten = tell(namespace, "rewrite", "-f", tmp_path / "devspace.yaml")
    assert rewritten == plugin.DEVSPACE.replace("ghcr.io/", f"localhost:{port}/")
    assert (tmp_path / "devspace.yaml").read_text() == plugin.DEVSPACE


def test_the_sample_project_runs_as_its_readme_says(namespace, tmp_path):
    sample = PROJECT / "deploy" / "samples" / "project"
    config = yaml.safe_load(open(os.environ["KUBECONFIG"], encoding="utf-8"))
    config["contexts"][0]["context"]["namespace"] = namespace
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))

    def shell(commands):
        return run("bash", "-euo", "pipefail", "-c",
                   f"cd {sample}; export KUBECONFIG={tmp_path}/kubeconfig\n{commands}", seconds=180)

    readme = (sample / "README.md").read_text()
    apply_it, build_it, use_it = readme.split("```sh\n")[1].split("```")[0].split("\n\n")
    shell(apply_it)
    wait_condition(namespace, "BuildKitReady", "True", name="project")
    port = node_port(namespace)
    push(port, "library/busybox:1.36")  # the cluster cannot pull images from outside
    base = "--build-arg BASE=localhost:5000/library/busybox:1.36"
    assert shell(build_it.replace(" --target", f" {base} --target")).splitlines() == [
        f"localhost:{port}/org/project/image:dev", f"localhost:{port}/org/project/image-dev:dev"]
    rewritten = shell(use_it)
    written = (sample / "devspace.yaml").read_text()
    assert rewritten.endswith(written.replace("ghcr.io/", f"localhost:{port}/")), rewritten
    kubectl("--namespace", namespace, "rollout", "status", "deployment/backend", "--timeout=60s")
    assert kubectl("--namespace", namespace, "logs", "deployment/backend") == "backend is up\n"
    applied = json.loads(shell("kubectl localregistry import devspace.yaml -o json"))
    file = yaml.safe_load((sample / "localregistry.yaml").read_text())
    assert (applied["metadata"]["name"], applied["spec"]) == (file["metadata"]["name"],
                                                              file["spec"])


def test_env_gives_the_variables_of_the_manuals_page_in_each_format(namespace):
    host = f"localhost:{ready(namespace)}/org/project"
    runtime = {"runtime.images.backend": f"{host}/image:dev",
               "runtime.images.backend.image": f"{host}/image",
               "runtime.images.backend.tag": "dev"}
    hook = {"DEVSPACE_HOOK_IMAGE_NAME": f"{host}/image",
            "DEVSPACE_HOOK_IMAGE_CONFIG_NAME": "backend",
            "DEVSPACE_HOOK_IMAGE_TAGS": '["dev"]',
            "DEVSPACE_HOOK_IMAGE_CONFIG": '{"name":"backend","image":"ghcr.io/org/project/image",'
                                          '"tags":["dev"]}'}
    printed = json.loads(tell(namespace, "env", "-o", "json"))
    assert {**printed["variables"], **runtime} == printed["variables"]
    assert printed["variables"]["runtime.images.backend-dev"] == f"{host}/image-dev:latest"
    assert len(printed["variables"]) == 6 and printed["hooks"][0] == hook
    for form in ("env", "dotenv"):
        lines = tell(namespace, "env", "--image", "backend", "-o", form).splitlines()
        assert dict(line.split("=", 1) for line in lines) == {**runtime, **hook}, lines
    shell = tell(namespace, "env", "--image", "backend")
    seen = subprocess.run(["sh", "-c", f"{shell}\nenv -0"], check=True, capture_output=True,
                          text=True).stdout.split("\0")
    assert {f"{name}={value}" for name, value in hook.items()} <= set(seen)
    for name, value in runtime.items():
        assert f"# {name}={value}\n" in shell
    seen = run("bash", "-c", "env $(kubectl localregistry env -o env --image backend "
               f"-n {namespace}) env -0").split("\0")
    assert {f"{name}={value}" for name, value in {**runtime, **hook}.items()} <= set(seen)


def test_a_hook_runs_once_for_each_image_and_its_code_is_passed_on(namespace):
    host = f"localhost:{ready(namespace)}/org/project"
    out = tell(namespace, "exec", "--", "sh", "-c",
               'echo "$DEVSPACE_HOOK_IMAGE_CONFIG_NAME $DEVSPACE_HOOK_IMAGE_NAME"')
    assert out == f"backend {host}/image\nbackend-dev {host}/image-dev\n"
    # The test does not read them in sh, since dash drops variables with dots in their names.
    seen = tell(namespace, "exec", "--image", "backend", "--", "env").splitlines()
    assert sum(line.startswith("runtime.images.") for line in seen) == 6, seen
    assert f"runtime.images.backend={host}/image:dev" in seen
    assert ask(namespace, "exec", "--", "sh", "-c", "echo ran; exit 42")[:2] == (42, "ran\n")
    assert ask(namespace, "exec", "--image", "none", "--", "true")[0] == 4
    process = subprocess.Popen(
        ["kubectl-localregistry", "-n", namespace, "exec", "--image", "backend", "--", "sh", "-c",
         "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done"], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 9


def test_what_is_missing_is_told_with_its_exit_code(namespace, tmp_path):
    code, _, err = ask(namespace, "status")
    assert code == 4 and err.startswith(f"error: no LocalRegistry in namespace {namespace}:"), err
    for name in ("one", "two"):
        apply(namespace, without_sidecar(name, name=name, enabled=False))
    code, _, err = ask(namespace, "url")
    assert code == 2 and "one, two" in err, err
    wait_condition(namespace, "Ready", "True", "Disabled", "one")
    assert ask(namespace, "url", "one")[0] == 5
    code, _, err = ask(namespace, "wait", "one", "--for", "Available", "--timeout", "1s")
    assert code == 5 and "waiting for condition Available of LocalRegistry one" in err, err
    assert ask(namespace, "status", "--context", "none")[0] == 3
    assert ask(namespace, "status", KUBECONFIG=str(tmp_path / "none"))[0] == 3
    assert ask(namespace, "bogus")[0] == 2


def test_several_kubeconfigs_are_read_as_kubectl_reads_them(namespace, tmp_path):
    apply(namespace, without_sidecar(enabled=False))
    whole = yaml.safe_load(open(os.environ["KUBECONFIG"], encoding="utf-8"))
    other = tmp_path / "contexts"
    other.write_text(yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": "team", "contexts": [
            {"name": "team", "context": {**whole["contexts"][0]["context"],
                                         "namespace": namespace}}]}))
    both = f"{other}:{os.environ['KUBECONFIG']}"
    assert tell(None, "status", "-o", "name", KUBECONFIG=both) == \
        "localregistry.localregistry.dev/dev\n"
    assert "kind: LocalRegistry\n" in tell(None, "status", "-o", "yaml", KUBECONFIG=both)


def test_kubectl_completes_the_plugin(namespace):
    apply(namespace, without_sidecar("mine", enabled=False, images=IMAGES))
    assert "status\t" in run("kubectl", "__complete", "localregistry", "st")
    assert "mine\n" in run("kubectl", "__complete", "localregistry", "-n", namespace, "status", "")
    assert "backend-dev\t" in run("kubectl", "__complete", "localregistry", "-n", namespace, "env",
                                  "--image", "")
    script = tell(None, "completion", "bash")
    line = f"kubectl-localregistry -n {namespace} status "
    found = run("bash", "-c", f"{script}\nCOMP_LINE='{line}' COMP_POINT={len(line)} "
                f"COMP_WORDS=({line} '') COMP_CWORD=4\n_kubectl_localregistry\n"
                "printf '%s\\n' \"${COMPREPLY[@]}\"")
    assert found == "mine\n"


def test_helm_installs_what_the_plugin_has_rewritten(namespace, tmp_path):
    port = ready(namespace)
    tell(namespace, "push", "ghcr.io/org/project/image:dev", "--archive", ARCHIVE)
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: app\nversion: 0.1.0\n")
    (chart / "values.yaml").write_text("image: ghcr.io/org/project/image # the customer's\n")
    (chart / "templates" / "pod.yaml").write_text("""\
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  restartPolicy: Never
  containers:
  - name: main
    image: {{ .Values.image }}:dev
    command: [echo, from the local registry]
""")
    run("helm", "install", "app", chart, "--namespace", namespace, "--post-renderer",
        "kubectl-localregistry", "--post-renderer-args", "rewrite", "--post-renderer-args",
        f"--namespace={namespace}")
    image = kubectl("--namespace", namespace, "get", "pod", "app", "--output",
                    "jsonpath={.spec.containers[0].image}")
    assert image == f"localhost:{port}/org/project/image:dev"
    kubectl("--namespace", namespace, "wait", "--for=jsonpath={.status.phase}=Succeeded",
            "pod/app", "--timeout=60s")
    assert kubectl("--namespace", namespace, "logs", "app") == "from the local registry\n"


@pytest.mark.parametrize("on_the_node", [True, False], ids=["node-port", "api-server"])
def test_an_oci_archive_is_pushed_and_runs(namespace, on_the_node):
    """localhost:<nodePort> is reachable from within the node, but not from the machine."""
    port = ready(namespace)
    code, out, err = ask(namespace, "push", "ghcr.io/org/project/image:dev", "--archive", ARCHIVE,
                         on_node=on_the_node)
    assert code == 0, err
    assert out == f"localhost:{port}/org/project/image:dev\n"
    assert run_pod(namespace, out.strip(), "echo", "runs") == "runs\n"
    again = json.loads(tell(namespace, "push", "backend", "--archive", ARCHIVE, "-o", "json",
                            on_node=on_the_node))
    assert again[0]["sentBytes"] == 0 and again[0]["presentBlobs"] == again[0]["blobs"], again


def test_another_registry_at_that_port_of_the_machine_is_not_taken_for_this_one(namespace,
                                                                                tmp_path):
    port = ready(namespace)
    config = tmp_path / "config.json"
    config.write_text(json.dumps({
        "version": "0.1", "log": {"level": "error"},
        "http": {"addr": f"127.0.0.1:{port}", "secret": "another"},
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "data")}}}))
    stranger = subprocess.Popen(["docker-registry", "serve", str(config)])
    try:
        wait_until("the other registry", lambda: "{}" in subprocess.run(
            ["curl", "--silent", f"http://localhost:{port}/v2/"], capture_output=True, text=True,
            check=False).stdout)
        tell(namespace, "push", "backend", "--archive", ARCHIVE)
        assert not list(tmp_path.glob("data/**/_manifests"))
        assert holds(port, "org/project/image:dev")
    finally:
        stranger.terminate()
        stranger.wait(10)


def test_an_image_of_a_docker_compatible_daemon_is_pushed_and_runs(namespace, tmp_path):
    port = ready(namespace)
    with plugin.podman(tmp_path) as (store, variables):
        run(*store, "tag", "busybox:1.36", "ghcr.io/org/project/image:dev")
        out = tell(namespace, "push", "ghcr.io/org/project/image:dev", **variables)
        assert out == f"localhost:{port}/org/project/image:dev\n"
        code, _, err = ask(namespace, "push", "ghcr.io/org/project/image:none", **variables)
        assert code == 4 and "it has no image ghcr.io/org/project/image:none" in err, err
    assert run_pod(namespace, out.strip(), "echo", "from podman") == "from podman\n"
    code, _, err = ask(namespace, "push", "backend", **variables)
    assert code == 1 and "podman.sock" in err, err


def test_a_push_that_was_killed_goes_on_where_it_was(namespace, tmp_path):
    port = ready(namespace)
    _, digests = plugin.big_archive(tmp_path / "big.tar", [BIG, SMALL])
    enter = os.environ["NETNS_EXEC"].split()
    command = [*enter, "kubectl-localregistry", "-n", namespace, "push",
               "ghcr.io/org/project/image:big", "--archive", str(tmp_path / "big.tar"), "-o",
               "json"]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def has_small():
        return on_node("curl", "--silent", "--head", "--output", "/dev/null", "--write-out",
                       "%{http_code}", f"http://localhost:{port}/v2/org/project/image/blobs/"
                       f"{digests[1]}") == "200"

    wait_until("the small layer is there", has_small)
    first.kill()
    assert first.wait() == -signal.SIGKILL, "it was over before it could be killed"
    again = json.loads(run(*command))[0]
    assert again["presentBlobs"] >= 1 and again["sentBytes"] <= BIG + 10_000, again
    assert holds(port, "org/project/image:big")


def test_a_push_through_the_api_server_follows_the_pod(namespace, tmp_path):
    """The pod is deleted during the push, and with it the images in its emptyDir."""
    port = ready(namespace)
    _, digests = plugin.big_archive(tmp_path / "big.tar", [BIG, SMALL])
    push_it = subprocess.Popen(
        ["kubectl-localregistry", "-n", namespace, "push", "ghcr.io/org/project/image:big",
         "--archive", str(tmp_path / "big.tar"), "--via", "api-server"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until("the small layer is there", lambda: on_node(
        "curl", "--silent", "--head", "--output", "/dev/null", "--write-out", "%{http_code}",
        f"http://localhost:{port}/v2/org/project/image/blobs/{digests[1]}") == "200")
    kubectl("--namespace", namespace, "delete", "pod",
            registry_pod(namespace)["metadata"]["name"], "--wait=false")
    out, err = push_it.communicate(timeout=240)
    assert push_it.returncode == 0, err
    assert out == f"localhost:{port}/org/project/image:big\n"
    assert "has ended" in err and "Unhandled Error" not in err.split("has ended")[0], err
    assert holds(port, "org/project/image:big")


def test_an_image_is_built_in_the_cluster_and_runs(namespace, tmp_path):
    port = make(namespace, local_registry(enabled=True, images=IMAGES))["nodePort"]
    (tmp_path / "dev.Dockerfile").write_text(
        DOCKERFILE.replace("FROM scratch", "FROM scratch AS base\nARG WORD\nENV WORD=$WORD"))
    shutil.copy(shutil.which("busybox"), tmp_path / "busybox")
    wait_condition(namespace, "BuildKitReady", "True")
    code, out, err = ask(namespace, "build", tmp_path, "-t", "backend", "-f",
                         tmp_path / "dev.Dockerfile", "--build-arg", "WORD=passed", "--target",
                         "base", "--progress", "plain")
    assert code == 0, err
    assert out == f"localhost:{port}/org/project/image:dev\n"
    output = run_pod(namespace, out.strip(), "/bin/busybox", "sh", "-c", "cat /made; echo $WORD")
    assert output == "made in the cluster\npassed\n"
    (tmp_path / "dev.Dockerfile").write_text("FROM scratch\nBOGUS\n")
    code, out, err = ask(namespace, "build", tmp_path, "-t", "backend", "-f",
                         tmp_path / "dev.Dockerfile", "--progress", "plain")
    assert (code, out) == (1, "") and "BOGUS" in err


def test_without_buildctl_or_buildkit_build_says_what_to_do(namespace, tmp_path):
    ready(namespace)
    code, _, err = ask(namespace, "build", "-t", "backend", tmp_path)
    assert code == 5 and "LocalBuild" in err, err


def test_check_asks_the_registry_with_the_users_credentials(namespace, tmp_path):
    image = f"{upstream.host(5643)}/org/project/image"
    authority = upstream.Authority(tmp_path / "authority")
    ca = ("--ca-file", tmp_path / "authority" / "ca.crt")
    helpers = tmp_path / "helpers"
    helpers.mkdir()
    (helpers / "docker-credential-test").write_text(
        f"#!/bin/sh\nread server\n[ \"$1 $server\" = 'get {upstream.host(5643)}' ] && "
        f'echo \'{{"Username":"{upstream.USER}","Secret":"{upstream.PASSWORD}"}}\'\n')
    (helpers / "docker-credential-test").chmod(0o755)
    anyone = {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{helpers}:{os.environ['PATH']}"}
    with upstream.registry(tmp_path / "one", 5643, authority, upstream.htpasswd(tmp_path / "one")):
        code, out, _ = ask(None, "check", image, *ca, **anyone)
        assert code == 1 and "Denied" in out, out
        (tmp_path / "config.json").write_text('{"credsStore": "test"}')
        assert "Granted" in tell(None, "check", image, *ca, **anyone)
        code, out, _ = ask(None, "check", image, "-o", "json", **anyone)
        answer = json.loads(out)[0]
        assert code == 1 and answer["pushPermission"] == "Unknown", answer
        assert "certificate" in answer["message"] and upstream.PASSWORD not in out
    assert not upstream.has_open_upload(tmp_path / "one")


@contextlib.contextmanager
def kind_node():
    """An additional Node object makes the cluster look like KinD."""
    apply("", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a-kind-node"},
               "spec": {"providerID": "kind://docker/test/a-kind-node", "unschedulable": True}})
    try:
        release.restart()  # the operator reads the nodes only once a minute
        yield
    finally:
        kubectl("delete", "node", "a-kind-node")
        release.restart()


@pytest.mark.alone
def test_on_kind_the_image_is_loaded_with_kind(namespace, tmp_path):
    (tmp_path / "kind").write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/calls\n')
    (tmp_path / "kind").chmod(0o755)
    config = yaml.safe_load(open(os.environ["KUBECONFIG"], encoding="utf-8"))
    config["contexts"][0]["name"] = config["current-context"] = "kind-test"
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    variables = {"KUBECONFIG": str(tmp_path / "kubeconfig"),
                 "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    with kind_node():
        apply(namespace, without_sidecar(images=[{**IMAGES[0], "tags": ["dev", "v1"]}]))
        wait_condition(namespace, "Ready", "True", "KindLoad")
        out = tell(namespace, "push", "backend", **variables)
    assert out == "ghcr.io/org/project/image:dev\nghcr.io/org/project/image:v1\n"
    assert (tmp_path / "calls").read_text().splitlines() == [
        f"load docker-image ghcr.io/org/project/image:{tag} --name test" for tag in ("dev", "v1")]


def test_the_real_kind_takes_these_arguments(tmp_path):
    """No KinD node can run here, so kind must fail because of the missing cluster, and for no other
    reason."""
    (tmp_path / "docker").write_text(
        "#!/bin/sh\ncase $1 in -v) echo Docker version 1 ;; image) echo sha256:0 ;; esac\n")
    (tmp_path / "docker").chmod(0o755)
    done = subprocess.run(["kind", "load", "docker-image", "ghcr.io/org/project/image:dev",
                           "--name", "test"], capture_output=True, text=True, check=False,
                          env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert (done.returncode, done.stderr) == (1, 'ERROR: no nodes found for cluster "test"\n')
