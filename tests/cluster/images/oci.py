#!/usr/bin/env python3
"""Wraps one layer into an OCI archive: oci.py OUT.tar NAME:TAG CONFIG_JSON LAYER.tar"""
import hashlib
import io
import json
import shutil
import sys
import tarfile

KIND = "application/vnd.oci.image."


class Archive:
    """Writes blobs under their digests; the same input gives the same bytes."""

    def __init__(self, path):
        self.tar = tarfile.open(path, "w")

    def file(self, name, stream, size):
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o644
        self.tar.addfile(info, stream)

    def document(self, kind, value, name=None):
        data = json.dumps(value, sort_keys=True).encode()
        digest = hashlib.sha256(data).hexdigest()
        self.file(name or "blobs/sha256/" + digest, io.BytesIO(data), len(data))
        return {"mediaType": KIND + kind, "digest": "sha256:" + digest, "size": len(data)}

    def layer(self, path):
        with open(path, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256") if hasattr(
                hashlib, "file_digest") else hashlib.sha256(stream.read())
            size = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            self.file("blobs/sha256/" + digest.hexdigest(), stream, size)
        return {"mediaType": KIND + "layer.v1.tar", "size": size,
                "digest": "sha256:" + digest.hexdigest()}


def main(out, name, config, layer_path):
    archive = Archive(out + ".part")
    layer = archive.layer(layer_path)
    image = archive.document("config.v1+json", {
        "architecture": "amd64", "os": "linux", "config": json.loads(config),
        "created": "1970-01-01T00:00:00Z",
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "tests/cluster/images.sh"}],
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}})
    manifest = archive.document("manifest.v1+json", {
        "schemaVersion": 2, "mediaType": KIND + "manifest.v1+json",
        "config": image, "layers": [layer]})
    manifest["annotations"] = {"io.containerd.image.name": name,
                               "org.opencontainers.image.ref.name": name}
    archive.document("index", {"schemaVersion": 2, "manifests": [manifest]}, "index.json")
    archive.document("layout", {"imageLayoutVersion": "1.0.0"}, "oci-layout")
    archive.tar.close()
    shutil.move(out + ".part", out)


if __name__ == "__main__":
    main(*sys.argv[1:])
