"""Fixtures: an authority, credential files, and the program under test."""
import base64
import json
import pathlib
import subprocess

import pytest

import servers

PROBE = pathlib.Path(__file__).parents[2] / "build" / "release" / "registry_probe"


@pytest.fixture(scope="session", name="authority")
def made_authority(tmp_path_factory):
    return servers.Authority(tmp_path_factory.mktemp("authority"))


def run_probe(*arguments, seconds=60):
    return subprocess.run([PROBE, *map(str, arguments)], check=True, capture_output=True, text=True,
                          timeout=seconds)


def credentials(path, domain, user, password, identity=""):
    """Writes a file in which Docker keeps credentials."""
    entry = {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}
    if identity:
        entry["identitytoken"] = identity
    path.write_text(json.dumps({"auths": {domain: entry}}))
    return path


@pytest.fixture(name="check")
def made_check(authority, tmp_path):
    """check(image, user="", password="", …) returns the answer and the message, and expects no
    secret in them."""

    def check(image, *options, user="", password="", identity="", ca=True):
        arguments = ["check", image, *options]
        if ca:
            arguments += ["--ca", authority.certificate]
        if user or identity:
            arguments += ["--config", credentials(tmp_path / "config.json", image.split("/")[0],
                                                  user, password, identity)]
        run = run_probe(*arguments)
        for secret in filter(None, (password, identity)):
            assert secret not in run.stdout + run.stderr
        found = json.loads(run.stdout)
        return found["answer"], found["message"]

    return check
