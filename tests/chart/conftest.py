"""The option --update, and a namespace with the CRD for tests that need the API server."""
import time
import uuid

import pytest

from tools import CRD, CRD_NAME, SECONDS, kubectl


def pytest_addoption(parser):
    parser.addoption("--update", action="store_true", help="write the golden files anew")


@pytest.fixture
def update(request):
    return request.config.getoption("--update")


def remove_crd():
    kubectl("delete", "crd", CRD_NAME, "--ignore-not-found", "--timeout=30s")


@pytest.fixture(scope="module")
def no_crd():
    remove_crd()
    yield
    remove_crd()


def new_namespace():
    """Creates a namespace and never deletes it: without a controller manager it would stay
    Terminating. It goes with the cluster."""
    name = f"chart-{uuid.uuid4().hex[:6]}"
    kubectl("create", "namespace", name)
    return name


def eventually(check):
    """Calls CHECK until it raises no AssertionError, for at most SECONDS, and returns its
    result."""
    end = time.monotonic() + SECONDS
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def wait_for_crd():
    """Waits until the CRD's resources are served. `kubectl wait` fails on a CRD that has no
    conditions yet."""
    eventually(lambda: kubectl("get", CRD_NAME, "--all-namespaces"))


@pytest.fixture(scope="module")
def namespace(no_crd):
    """Returns a namespace, in a cluster that has the CRD and nothing else of the project."""
    kubectl("apply", "--filename", CRD)
    wait_for_crd()
    return new_namespace()
