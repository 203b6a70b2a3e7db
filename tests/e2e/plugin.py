"""The kubectl plugin as a user has it on PATH, and tools that it works with outside of the
cluster."""
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

from world import CACHE, PROJECT, run, wait_until

BINARY = pathlib.Path(os.environ.get("E2E_PLUGIN") or
                      PROJECT / "build" / "release" / "kubectl-localregistry")
SECONDS = 120

# The example in the manual's page on the local registry.
DEVSPACE = """\
version: v2beta1
name: dev
images:
  backend:
    image: ghcr.io/org/project/image # localhost:[NODE_PORT]/org/project/image
  backend-dev:
    image: ghcr.io/org/project/image-dev # localhost:[NODE_PORT]/org/project/image-dev

deployments:
  backend:
    helm:
      values:
        containers:
        - image: ghcr.io/org/project/image # localhost:[NODE_PORT]/org/project/image

dev:
  backend:
    imageSelector: ghcr.io/org/project/image # localhost:[NODE_PORT]/org/project/image
    devImage: ghcr.io/org/project/image-dev # localhost:[NODE_PORT]/org/project/image-dev
"""


def install(folder):
    """Puts the plugin on PATH, and the program that kubectl calls for completion."""
    shutil.copy(BINARY, folder / "kubectl-localregistry")
    (folder / "kubectl_complete-localregistry").symlink_to("kubectl-localregistry")
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"


def ask(namespace, *arguments, stdin=None, on_node=False, **variables):
    """Runs `kubectl localregistry` and returns (exit code, standard output, standard error)."""
    enter = os.environ["NETNS_EXEC"].split() if on_node else []
    command = [*enter, "kubectl", "localregistry", *map(str, arguments)]
    if namespace:
        command[len(enter) + 2:len(enter) + 2] = ["--namespace", namespace]
    done = subprocess.run(command, input=stdin, timeout=SECONDS, capture_output=True, text=True,
                          check=False, env={**os.environ, **variables})
    return done.returncode, done.stdout, done.stderr


def tell(namespace, *arguments, **how):
    """Returns what the plugin prints. Its exit code must be 0."""
    code, out, err = ask(namespace, *arguments, **how)
    assert code == 0, f"{arguments} ended with {code}\n{out}{err}"
    return out


@contextlib.contextmanager
def podman(folder):
    """Runs podman with Docker's API and a busybox image. Yields its command and the variables for
    its users."""
    socket = folder / "podman.sock"
    state = tempfile.mkdtemp(prefix="podman-")  # podman allows at most 50 characters for this path
    store = ["podman", "--root", str(folder / "store"), "--runroot", state,
             "--storage-driver", "vfs"]
    run(*store, "load", "--input", CACHE / "images" / "busybox.tar")
    with (folder / "log").open("w") as log:
        service = subprocess.Popen([*store, "system", "service", "--time", "0",
                                    f"unix://{socket}"], stdout=log, stderr=log)
    try:
        wait_until("the socket of podman", socket.exists)
        yield store, {"DOCKER_HOST": f"unix://{socket}"}
    finally:
        service.terminate()
        service.wait(20)
        shutil.rmtree(state)


def big_archive(path, sizes):
    """Writes an OCI archive with layers of random bytes in these sizes. Returns the layout's folder
    and the layers' digests."""
    folder = path.parent / (path.name + ".layout")
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(data, kind):
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + digest,
                "size": len(data)}

    layers = [blob(os.urandom(size), "layer.v1.tar") for size in sizes]
    config = blob(json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {
        "type": "layers", "diff_ids": [layer["digest"] for layer in layers]}}).encode(),
                  "config.v1+json")
    manifest = blob(json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config, "layers": layers}).encode(), "manifest.v1+json")
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    with tarfile.open(path, "w") as tar:
        for name in ("oci-layout", "index.json", "blobs"):
            tar.add(folder / name, name)
    return folder, [layer["digest"] for layer in layers]
