"""Pushes to Debian's docker-registry: archives by skopeo, cut connections, restarts."""
import contextlib
import json
import pathlib
import signal
import socket
import subprocess
import threading
import time

import pytest

import conftest
import images
import servers

MEGABYTE = 1 << 20
USER, PASSWORD = "alice", "alices secret"


@pytest.fixture(scope="module", name="registry")
def an_open_registry(tmp_path_factory):
    with servers.Registry(tmp_path_factory.mktemp("open")) as registry:
        yield registry


@pytest.fixture(scope="module", name="layout")
def an_image_of_three_layers(tmp_path_factory):
    """Returns an OCI layout with one image, `app`."""
    layout = images.Layout(tmp_path_factory.mktemp("image") / "layout")
    layout.digest = layout.name(layout.add_image([8 * MEGABYTE, 3 * MEGABYTE, 1000]), "app")
    return layout


def archive_of(layout, kind, folder):
    """Returns the layout's image as an archive by skopeo: an OCI archive, or in the format of
    `docker save`."""
    path = folder / f"{kind}.tar"
    name = "app" if kind == "oci-archive" else "example.com/team/app:1"
    images.skopeo("copy", f"oci:{layout.folder}:app", f"{kind}:{path}:{name}")
    return path


def push(source, image, registry, *options):
    """Returns the program's answer, and whether the push succeeded."""
    run = subprocess.run([conftest.PROBE, "push", source, image, "--insecure", registry.domain,
                          *options], capture_output=True, text=True, timeout=120, check=False)
    return json.loads(run.stdout), run.returncode == 0


def pulled(image, folder, *options):
    """Returns the manifest of the image that skopeo pulls and verifies. The layers are in the
    folder."""
    images.skopeo("copy", "--src-tls-verify=false", *options, f"docker://{image}", f"dir:{folder}")
    return json.loads((folder / "manifest.json").read_text())


def content(layout, manifest, folder=None):
    """Returns the digests of the uncompressed layers, which do not depend on the format."""
    blobs = layout.folder / "blobs" / "sha256"
    config = folder / manifest["config"]["digest"].removeprefix("sha256:") if folder else (
        blobs / manifest["config"]["digest"].removeprefix("sha256:"))
    return json.loads(config.read_text())["rootfs"]["diff_ids"]


def test_an_oci_layout_is_pushed_as_it_is(registry, layout, tmp_path):
    image = f"{registry.domain}/team/layout:1"
    said, good = push(layout.folder, image, registry)
    assert good, said
    assert said["digest"] == layout.digest
    assert said["blobs"] == 4 and said["present"] == 0
    assert registry.uploads() == []
    manifest = pulled(image, tmp_path)
    assert "sha256:" + json.loads(images.skopeo(
        "inspect", "--tls-verify=false", f"docker://{image}"))["Digest"].split(":")[1] \
        == layout.digest
    assert len(manifest["layers"]) == 3


@pytest.mark.parametrize("kind", ["oci-archive", "docker-archive"])
def test_an_archive_of_skopeo_is_pushed_and_can_be_pulled(registry, layout, tmp_path, kind):
    image = f"{registry.domain}/team/{kind}:1"
    said, good = push(archive_of(layout, kind, tmp_path), image, registry)
    assert good, said
    manifest = pulled(image, tmp_path / "pulled")
    assert manifest["mediaType"] == images.MANIFEST
    original = json.loads((layout.folder / "blobs/sha256" /
                           layout.digest.removeprefix("sha256:")).read_text())
    assert content(layout, manifest, tmp_path / "pulled") == content(layout, original)
    packed = {"oci-archive": images.LAYER, "docker-archive": images.LAYER.removesuffix("+gzip")}
    assert {layer["mediaType"] for layer in manifest["layers"]} == {packed[kind]}


def test_an_image_for_several_platforms_is_pushed_with_its_index(registry, tmp_path):
    layout = images.Layout(tmp_path / "layout")
    index = layout.add_index([layout.add_image([100_000], "amd64", 1),
                              layout.add_image([2 * MEGABYTE], "arm64", 2)])
    layout.name(index, "all")
    image = f"{registry.domain}/team/several:1"
    said, good = push(layout.folder, image, registry)
    assert good, said
    assert said["digest"] == index["digest"]
    for architecture in ("amd64", "arm64"):
        inspected = json.loads(images.skopeo("--override-arch", architecture, "inspect",
                                             "--tls-verify=false", f"docker://{image}"))
        assert inspected["Architecture"] == architecture


def test_a_second_push_sends_nothing(registry, layout):
    image = f"{registry.domain}/team/twice"
    assert push(layout.folder, f"{image}:1", registry)[1]
    said, good = push(layout.folder, f"{image}:2", registry)
    assert good
    assert (said["sent"], said["present"]) == (0, 4)


def test_with_passwords_and_tls(authority, layout, tmp_path):
    auth = {"htpasswd": {"realm": "tests",
                         "path": str(servers.htpasswd(tmp_path, **{USER: PASSWORD}))}}
    with servers.Registry(tmp_path / "registry", authority.issue("push"), auth) as registry:
        config = conftest.credentials(tmp_path / "config.json", registry.domain, USER, PASSWORD)
        image = f"{registry.domain}/team/app:1"
        options = ("--ca", authority.certificate)
        said, good = push(layout.folder, image, servers.NOBODY, "--config", config, *options)
        assert good, said
        said, good = push(layout.folder, image, servers.NOBODY, *options)
        assert not good and "requires a user name and password" in said["message"]


def test_with_tokens_that_expire_meanwhile(authority, layout, tmp_path):
    rights = {USER: {"team/app": {"pull", "push"}, "team/other": {"pull"}}}
    with servers.TokenServer(authority.folder, authority, {USER: PASSWORD}, rights) as tokens:
        tokens.life = 12  # seconds; a new token is requested ten seconds before the end
        with servers.Registry(tmp_path / "registry", authority.issue("expire"),
                              tokens.auth()) as registry:
            config = conftest.credentials(tmp_path / "config.json", registry.domain, USER, PASSWORD)
            options = ("--config", config, "--ca", authority.certificate)
            slow = Cutter(registry, bytes_per_second=4 * MEGABYTE)
            with slow:
                said, good = push(layout.folder, f"{registry.domain}/team/app:1", servers.NOBODY,
                                  *options)
                assert good, said
            said, good = push(layout.folder, f"{registry.domain}/team/other:1", servers.NOBODY,
                              *options)
            assert not good and "HTTP status 401" in said["message"]


class Cutter:
    """Cutter forwards connections to the registry and cuts some of them after so many bytes of
    requests."""

    def __init__(self, registry, cuts=(), bytes_per_second=0):
        self.registry, self.cuts, self.rate = registry, list(cuts), bytes_per_second
        self.server = socket.create_server(("127.0.0.1", 0))
        self.domain = f"127.0.0.1:{self.server.getsockname()[1]}"
        self.carried = 0
        self.broken = 0

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.server.accept()
                threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def carry(self, client):
        try:
            behind = socket.create_connection(("127.0.0.1", self.registry.port))
        except OSError:
            client.close()  # no registry listens, and the client must see that
            return
        threading.Thread(target=self.back, args=(behind, client), daemon=True).start()
        left = None
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                # Only connections that send large data are cut, not those with small requests.
                if left is None and len(data) > 32768 and self.cuts:
                    left = self.cuts.pop(0)
                if left is not None:
                    left -= len(data)
                    if left < 0:
                        self.broken += 1
                        break
                self.carried += len(data)
                behind.sendall(data)
        for end in (client, behind):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def back(behind, client):
        with contextlib.suppress(OSError):
            while data := behind.recv(65536):
                client.sendall(data)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


def test_cut_connections_do_not_end_a_push(layout, tmp_path):
    with servers.Registry(tmp_path / "registry") as registry:
        with Cutter(registry, [1 * MEGABYTE, 5 * MEGABYTE, 2 * MEGABYTE]) as cutter:
            image = f"{cutter.domain}/team/app:1"
            said, good = push(layout.folder, image, cutter)
            assert good, said
            assert cutter.broken == 3
        assert said["digest"] == layout.digest
        pulled(f"{registry.domain}/team/app:1", tmp_path / "pulled")


def test_a_push_that_was_killed_does_not_send_finished_blobs_again(tmp_path):
    layout = images.Layout(tmp_path / "layout")
    layout.name(layout.add_image([4 * MEGABYTE] * 10), "app")
    with servers.Registry(tmp_path / "registry") as registry:
        image = f"{registry.domain}/team/app:1"
        process = subprocess.Popen([conftest.PROBE, "push", layout.folder, image, "--insecure",
                                    registry.domain, "--progress"], stderr=subprocess.PIPE,
                                   text=True)
        finished = set()
        for line in process.stderr:
            digest, state, done, total = line.split()
            if state == "sent":
                finished.add((digest, int(total)))
            if len(finished) >= 4:
                process.send_signal(signal.SIGKILL)
                break
        process.wait(10)
        assert process.returncode == -signal.SIGKILL
        said, good = push(layout.folder, image, registry)
        assert good, said
        assert said["present"] >= len(finished)
        assert said["sent"] <= 41 * MEGABYTE - sum(total for _, total in finished)
        pulled(image, tmp_path / "pulled")


def test_a_registry_that_restarts_does_not_end_a_push(layout, tmp_path):
    registry = servers.Registry(tmp_path / "registry")
    with registry, Cutter(registry, [2 * MEGABYTE]) as cutter:
        results = []
        thread = threading.Thread(target=lambda: results.append(
            push(layout.folder, f"{cutter.domain}/team/app:1", cutter)))
        thread.start()
        while not cutter.broken:
            time.sleep(0.01)
        registry.__exit__()
        time.sleep(0.5)
        registry.__enter__()
        thread.join()
        said, good = results[0]
        assert good, said


def test_memory_does_not_depend_on_the_size_of_the_image(registry, tmp_path):
    def most_memory(megabytes):
        layout = images.Layout(tmp_path / f"layout-{megabytes}")
        layout.name(layout.add_image([megabytes * MEGABYTE], seed=megabytes), "app")
        script = ("import resource, subprocess, sys\n"
                  "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
                  "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        image = f"{registry.domain}/team/memory:{megabytes}"
        run = subprocess.run(["/usr/bin/python3", "-c", script, conftest.PROBE, "push",
                              layout.folder, image, "--insecure", registry.domain],
                             check=True, capture_output=True, text=True)
        return int(run.stdout)

    small, large = most_memory(2), most_memory(100)
    assert large < small + 8192, f"{small} KiB for 2 MB, {large} KiB for 100 MB"


def test_what_is_no_image_is_refused_by_its_name(registry, tmp_path):
    nothing = pathlib.Path(tmp_path / "nothing.tar")
    nothing.write_bytes(bytes(10240))
    for path, why in ((nothing, "neither index.json nor manifest.json"),
                      (tmp_path / "missing.tar", "No such file"), (tmp_path, "not an OCI layout")):
        said, good = push(path, f"{registry.domain}/team/app:1", registry)
        assert not good
        assert str(path) in said["message"] and why in said["message"]
