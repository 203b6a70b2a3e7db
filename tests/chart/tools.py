"""Paths, and the programs that the tests run: helm and kubectl."""
import os
import pathlib
import re
import subprocess

import yaml

PROJECT = pathlib.Path(__file__).parents[2]
HERE = PROJECT / "tests" / "chart"
NAME = "local-registry-operator"
CHART = PROJECT / "charts" / NAME
GROUP = "localregistry.dev"
CRD_NAME = f"localregistries.{GROUP}"
CRD = PROJECT / "crds" / f"{CRD_NAME}.yaml"
SYSTEM = "local-registry-system"
SECONDS = 60  # timeout of one program


def versions(name):
    """Returns the version of a component of the test cluster."""
    text = (PROJECT / "tests/cluster/lib/versions.sh").read_text()
    return re.search(rf"^readonly {name}=(\S+)", text, re.MULTILINE)[1]


def run(*words, stdin=None, good=True):
    """Runs a program and returns its standard output. With good=False it must fail; returns all its
    output."""
    done = subprocess.run([str(word) for word in words], input=stdin, text=True,
                          capture_output=True, timeout=SECONDS, check=False)
    output = done.stdout + done.stderr
    assert (done.returncode == 0) == good, f"{words} ended with {done.returncode}:\n{output}"
    return done.stdout if good else output


def kubectl(*words, **options):
    return run("kubectl", *words, **options)


def helm_program():
    folder = pathlib.Path(os.environ.get("LOCAL_REGISTRY_CACHE") or pathlib.Path(
        os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / NAME)
    return folder / "tools" / f"helm-{versions('HELM_VERSION')}" / "helm"


def helm(*words, **options):
    return run(helm_program(), *words, **options)


def template(*flags, release=NAME, **options):
    """Returns the manifests that the chart renders to, as text."""
    return helm("template", release, CHART, "--namespace", SYSTEM, "--kube-version",
                versions("KUBERNETES_VERSION"), *flags, **options)


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def crd():
    return yaml.safe_load(CRD.read_text())


def registry(spec, name="dev", **metadata):
    """Returns a LocalRegistry as text. YAML includes JSON, so the spec can have any value."""
    return yaml.safe_dump({"apiVersion": f"{GROUP}/v1alpha1", "kind": "LocalRegistry",
                           "metadata": {"name": name, **metadata}, "spec": spec})
