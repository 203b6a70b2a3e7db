"""Pushes through the API server while the pod is replaced. The registries are real; `forwarder`
replaces `kubectl port-forward` and ends as kubectl does when the pod ends."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

import conftest
import endpoints

sys.path.append(str(pathlib.Path(__file__).parents[1] / "registry"))
# pylint: disable=wrong-import-position
import images  # noqa: E402
import servers  # noqa: E402

MEGABYTE = 1 << 20
PODS = "/api/v1/namespaces/team-a/pods"
LOST_SECONDS = 120  # by then a push that cannot continue must have ended


class Pushes:
    """Pushes has a LocalRegistry whose pod the test changes."""

    def __init__(self, world, archive):
        self.world, self.archive = world, archive
        self.forwards = world.folder / "forwards"
        self.temporary = world.folder / "tmp"
        for folder in (self.forwards, self.temporary, world.folder / "bin"):
            folder.mkdir()
        shutil.copy(pathlib.Path(__file__).parent / "forwarder", world.folder / "bin" / "kubectl")
        status = {"delivery": "LocalRegistry", "url": "localhost:31234", "nodePort": 31234,
                  "conditions": []}
        registry = {**endpoints.REGISTRY, "spec": {"enabled": True}, "status": status}
        world.plain.objects = {
            endpoints.PATH: registry,
            endpoints.PATH.rsplit("/", 1)[0]: {"metadata": {"resourceVersion": "1"},
                                               "items": [registry]}}
        self.pod(None)
        self.config = world.write("config", world.config(
            {"server": f"http://127.0.0.1:{world.plain.port}"}))

    def pod(self, name, registry=None, uid=None):
        """Makes this pod the only one that runs; None: no pod runs."""
        for old in self.forwards.iterdir():
            if old.name != "pid":
                old.unlink()
        items = []
        if name:
            (self.forwards / name).write_text(str(registry.port))
            meta = {"name": name, "namespace": "team-a", "uid": uid or name}
            items = [{"metadata": meta, "status": {
                "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}]
        self.world.plain.objects[PODS] = {"metadata": {"resourceVersion": "1"}, "items": items}

    def start(self, rate=1e9, hangs=False):
        environment = {"PATH": f"{self.world.folder / 'bin'}:{os.environ['PATH']}",
                       "TMPDIR": str(self.temporary), "FORWARDS": str(self.forwards),
                       "RATE": str(rate), "HANGS": str(int(hangs)), "HOME": str(self.world.folder)}
        return subprocess.Popen(
            [conftest.PLUGIN, "push", "example.com/team/app:1", "--archive", self.archive,
             "--via", "api-server", "--kubeconfig", self.config],
            env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def kubectl(self):
        return int((self.forwards / "pid").read_text())


def wait_until(what, holds, seconds=30):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not in {seconds} s: {what}"
        time.sleep(0.05)


def runs(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def has_upload(registry):
    def has_bytes(path):
        with contextlib.suppress(FileNotFoundError):
            return path.name == "data" and path.stat().st_size > 0
        return False

    return any(has_bytes(path) for path in registry.uploads())


@pytest.fixture(scope="module", name="archive")
def made_archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("image")
    layout = images.Layout(folder / "layout")
    layout.name(layout.add_image([16 * MEGABYTE, 1000]), "app")
    path = folder / "image.tar"
    images.skopeo("copy", f"oci:{layout.folder}:app",
                  f"docker-archive:{path}:example.com/team/app:1")
    return path


@pytest.fixture(name="pushes")
def made_pushes(world, archive):
    yield Pushes(world, archive)
    world.plain.objects = {}


@pytest.fixture(name="registry")
def first_registry(tmp_path):
    with servers.Registry(tmp_path / "first") as registry:
        yield registry


def holds_image(registry, folder):
    images.skopeo("copy", "--src-tls-verify=false",
                  f"docker://{registry.domain}/team/app:1", f"dir:{folder}")
    return True


def test_a_good_push_shows_nothing_of_kubectls_log(pushes, registry, tmp_path):
    pushes.pod("a", registry)
    process = pushes.start()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out == "localhost:31234/team/app:1\n"
    assert len(err.splitlines()) == 1 and "blobs sent" in err, err
    assert holds_image(registry, tmp_path / "pulled")


class ReplacedAtTheFirstRead(dict):
    """Objects of an API server that replaces a file when it is first asked for one of them."""

    def __init__(self, objects, path):
        super().__init__(objects)
        self.path, self.is_replaced = path, False

    def get(self, *arguments):
        if not self.is_replaced:
            self.is_replaced = True
            other = self.path.with_suffix(".other")
            other.write_text("not a tar")
            other.replace(self.path)
        return super().get(*arguments)


def test_an_archive_is_opened_once(pushes, registry, archive, tmp_path):
    """The archive that is checked before the first request is the one that is pushed."""
    pushes.archive = pathlib.Path(shutil.copy(archive, tmp_path / "copy.tar"))
    pushes.pod("a", registry)
    pushes.world.plain.objects = ReplacedAtTheFirstRead(pushes.world.plain.objects, pushes.archive)
    process = pushes.start()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out == "localhost:31234/team/app:1\n"
    assert pushes.archive.read_text() == "not a tar"
    assert holds_image(registry, tmp_path / "pulled")


def test_a_push_follows_the_pod_and_begins_again(pushes, registry, tmp_path):
    """A new pod has an empty emptyDir, so the push starts again."""
    pushes.pod("a", registry)
    process = pushes.start(rate=4 * MEGABYTE)
    wait_until("the upload is under way", lambda: has_upload(registry))
    with servers.Registry(tmp_path / "second") as second:
        pushes.pod("b", second)
        out, err = process.communicate(timeout=90)
        assert process.returncode == 0, err
        assert out == "localhost:31234/team/app:1\n"
        assert "pod/a has ended (error: lost connection to pod)" in err
        assert holds_image(second, tmp_path / "pulled")


@pytest.mark.parametrize("name", ["b", "a"], ids=["another name", "a StatefulSet's name"])
def test_a_push_follows_the_pod_although_kubectl_does_not_notice(pushes, registry, tmp_path, name):
    """The connections hang. A pod that ends after the last byte must not cause a loss."""
    pushes.pod("a", registry, "1")
    process = pushes.start(rate=4 * MEGABYTE, hangs=True)
    wait_until("the upload is under way", lambda: has_upload(registry))
    pushes.pod(None)
    with servers.Registry(tmp_path / "second") as second:
        time.sleep(3)
        pushes.pod(name, second, "2")
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert out == "localhost:31234/team/app:1\n"
        assert "pod/a has ended (the pod has ended); connecting again" in err
        assert holds_image(second, tmp_path / "pulled")


def test_a_forward_that_breaks_is_made_again(pushes, registry, tmp_path):
    pushes.pod("a", registry)
    process = pushes.start(rate=4 * MEGABYTE)
    wait_until("the upload is under way", lambda: has_upload(registry))
    os.kill(pushes.kubectl(), signal.SIGKILL)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert holds_image(registry, tmp_path / "pulled")


def test_a_push_without_a_pod_ends_and_says_so(pushes, registry):
    pushes.pod("a", registry)
    process = pushes.start(rate=4 * MEGABYTE)
    wait_until("the upload is under way", lambda: has_upload(registry))
    pushes.pod(None)
    _, err = process.communicate(timeout=LOST_SECONDS)
    assert process.returncode == 5, err
    assert "error: the connection to the registry was lost" in err
    assert "no pod of the registry" in err


def test_an_interrupted_push_leaves_nothing_behind(pushes, registry):
    pushes.pod("a", registry)
    process = pushes.start(rate=4 * MEGABYTE)
    wait_until("the upload is under way", lambda: has_upload(registry))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGINT
    assert not runs(pushes.kubectl())
    assert not list(pushes.temporary.iterdir())


@pytest.mark.parametrize("signals", [[signal.SIGKILL], [signal.SIGINT, signal.SIGINT]])
def test_kubectl_ends_with_a_push_that_is_killed(pushes, registry, signals):
    pushes.pod("a", registry)
    process = pushes.start(rate=4 * MEGABYTE)
    wait_until("the upload is under way", lambda: has_upload(registry))
    for number in signals:
        process.send_signal(number)
    process.communicate(timeout=30)
    wait_until("kubectl has ended", lambda: not runs(pushes.kubectl()), 10)
    assert not list(pushes.temporary.iterdir())
