"""Provides the cluster of the tests, the operator in it, and a namespace for each test.

The first pytest process starts the cluster and installs the operator with its chart; workers (-n)
and tests only use them. E2E_KEEP=1 uses a cluster that is already up, and leaves it up.
"""
import os
import pathlib
import re
import subprocess
import uuid

import pytest

import release
import world

NEEDS_NODE = not os.environ.get("E2E_MEMORY")  # those tests have a control plane and nothing else
COLLECTED = world.PROJECT / "build" / "e2e"  # logs and objects of a failed run


def enter_environment():
    """Sets the variables that `cluster env` prints, for this process and its children."""
    script = f'eval "$({world.CLUSTER} --name {world.CLUSTER_NAME} env)"; env -0'
    output = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True)
    os.environ.update(entry.split("=", 1) for entry in output.stdout.split("\0") if entry)


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: disturbs the operator; nothing may run beside")
    config.addinivalue_line("markers", "memory: the operator in a memory cgroup")


def pytest_sessionstart(session):
    if session.config.option.collectonly or not NEEDS_NODE:
        return
    if hasattr(session.config, "workerinput"):
        enter_environment()
        return
    assert os.geteuid() == 0, "the end-to-end tests need root, for a node"
    keep = os.environ.get("E2E_KEEP") == "1"
    if not keep:
        world.cluster("down")
    print("the cluster comes up", flush=True)
    world.cluster("up")
    enter_environment()
    print("the operator is installed", flush=True)
    world.cluster("load", release.ARCHIVE)
    release.prepare_namespace()
    release.upgrade()


def pytest_sessionfinish(session, exitstatus):
    if session.config.option.collectonly or not NEEDS_NODE:
        return
    if hasattr(session.config, "workerinput"):
        return
    if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        world.cluster("collect", COLLECTED / "cluster")
        try:
            logs = release.logs()
        except world.Failed as failed:  # no answer; the report of the test explains it
            logs = str(failed)
        (COLLECTED / "operator.log").write_text(logs)
        print(f"\nlogs, events and objects are in {COLLECTED}")
    if os.environ.get("E2E_KEEP") != "1":
        world.cluster("down")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Adds the objects and events of the namespace to the report of a failed test."""
    report = (yield).get_result()
    arguments = getattr(item, "funcargs", {})
    namespace = arguments.get("namespace") or arguments.get("restricted_namespace")
    if report.failed and namespace:
        for title, command in (
                ("LocalRegistries", ("get", "lreg", "--output", "yaml")),
                ("objects", ("get", "all,pvc", "--output", "wide")),
                ("events", ("get", "events", "--sort-by", ".lastTimestamp"))):
            try:
                text = world.kubectl("--namespace", namespace, *command, seconds=20)
            except Exception as error:  # pylint: disable=broad-except
                text = str(error)
            report.sections.append((f"{title} of {namespace}", text[-6000:]))


def new_namespace(request, suffix="", labels=None, annotations=None):
    """Creates a namespace. Deletes it after the test without waiting."""
    base = re.sub(r"[^a-z0-9]+", "-", request.node.originalname.removeprefix("test_").lower())
    name = f"{base[:40].strip('-')}-{uuid.uuid4().hex[:5]}{suffix}"
    world.apply("", {"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": name, "labels": labels or {}, "annotations": annotations or {}}})

    def leave():
        if pathlib.Path(os.environ["KUBECONFIG"]).exists():
            world.kubectl("--namespace", name, "delete", "lreg", "--all", "--wait=false")
            world.kubectl("delete", "namespace", name, "--wait=false")

    request.addfinalizer(leave)
    world.wait_until("the default service account", lambda: "default" in world.kubectl(
        "--namespace", name, "get", "serviceaccounts", "--output", "name"))
    return name


@pytest.fixture
def namespace(request):
    return new_namespace(request)


@pytest.fixture
def other_namespace(request):
    """Returns a second namespace, for registries that run in another namespace."""
    return new_namespace(request, "-2")


@pytest.fixture
def restricted_namespace(request):
    return new_namespace(request, labels={"pod-security.kubernetes.io/enforce": "restricted"})
