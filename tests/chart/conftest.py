"""--update, and a namespace with the CRD for the tests that need the API server."""
import uuid

import pytest

from tools import CRD, CRD_NAME, kubectl


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
    """Never deleted: without a controller manager it would only be marked. The cluster goes."""
    name = f"chart-{uuid.uuid4().hex[:6]}"
    kubectl("create", "namespace", name)
    return name


@pytest.fixture(scope="module")
def namespace(no_crd):
    """A namespace, in a cluster that has the CRD and nothing else of the project."""
    kubectl("apply", "--filename", CRD)
    kubectl("wait", "--for=condition=Established", f"crd/{CRD_NAME}", "--timeout=30s")
    return new_namespace()
