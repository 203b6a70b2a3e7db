"""Makes images as OCI layouts; skopeo converts them to the other archive formats."""
import gzip
import hashlib
import io
import json
import pathlib
import random
import subprocess
import tarfile

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer_of(size, seed):
    """Returns (tar, compressed tar) with one file of random bytes, which do not compress."""
    text = io.BytesIO()
    with tarfile.open(fileobj=text, mode="w") as tar:
        data = random.Random(seed).randbytes(size)
        entry = tarfile.TarInfo(f"file-{seed}")
        entry.size = size
        tar.addfile(entry, io.BytesIO(data))
    return text.getvalue(), gzip.compress(text.getvalue(), 1, mtime=0)


class Layout:
    """Layout is an OCI layout to which images are added."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "blobs" / "sha256").mkdir(parents=True)
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        self.manifests = []

    def add(self, data, media_type):
        """Adds a blob and returns its descriptor."""
        digest = digest_of(data)
        (self.folder / "blobs" / "sha256" / digest.removeprefix("sha256:")).write_bytes(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def add_image(self, sizes, architecture="amd64", seed=0):
        layers, diff_ids = [], []
        for i, size in enumerate(sizes):
            plain, packed = layer_of(size, f"{seed}-{i}")
            diff_ids.append(digest_of(plain))
            layers.append(self.add(packed, LAYER))
        config = {"architecture": architecture, "os": "linux", "config": {"Cmd": ["/file"]},
                  "rootfs": {"type": "layers", "diff_ids": diff_ids}}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": self.add(json.dumps(config).encode(), CONFIG), "layers": layers}
        descriptor = self.add(json.dumps(manifest).encode(), MANIFEST)
        return {**descriptor, "platform": {"architecture": architecture, "os": "linux"}}

    def add_index(self, manifests):
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
        return self.add(json.dumps(index).encode(), INDEX)

    def name(self, descriptor, name):
        """Adds the image to the layout's index and returns its digest."""
        self.manifests.append(
            {**descriptor, "annotations": {"org.opencontainers.image.ref.name": name}})
        (self.folder / "index.json").write_text(
            json.dumps({"schemaVersion": 2, "manifests": self.manifests}))
        return descriptor["digest"]


def skopeo(*arguments, **options):
    return subprocess.run(["skopeo", "--insecure-policy", *map(str, arguments)], check=True,
                          capture_output=True, text=True, **options).stdout
