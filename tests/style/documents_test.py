"""The README agrees with the sources, and the check fails for each kind of difference."""
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import documents  # noqa: E402

CRD = f"crds/{documents.CRD}"
COPY = f"charts/local-registry-operator/files/{documents.CRD}"


@pytest.fixture
def project(tmp_path):
    """Returns a copy of all that is compared."""
    for name in ("README.md", CRD, COPY):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(documents.PROJECT / name, tmp_path / name)
    shutil.copytree(documents.PROJECT / "controller", tmp_path / "controller")
    return tmp_path


def changed(project, name, old, new):
    """Replaces a text in each file of that name, and returns the differences."""
    found = False
    for path in project.rglob(name):
        text = path.read_text()
        found = found or old in text
        path.write_text(text.replace(old, new, 1))
    assert found, f"{name} does not have {old}"
    return list(documents.problems(project))


def test_the_project_has_no_difference():
    assert list(documents.problems(documents.PROJECT)) == []


@pytest.mark.parametrize("old, new, kind", [
    ("| `suspend` |", "| `suspended` |", "field of the spec suspended"),
    ("| `persistence.size` |", "| `persistence.bytes` |", "field of the spec persistence.bytes"),
    ("`name`, `image`, `tags[]`", "`name`, `image`", "field of the spec images.tags"),
    ("| `port` | 5000 |", "| `port` | 5001 |", "port the default 5001"),
    ("| `UpToDate` | `UpToDate` |", "| `Fresh` | `UpToDate` |", "condition Fresh"),
    ("`NameConflict` (", "`NameTaken` (", "reason NameTaken"),
    ("`PortAssigned` (", "`PortGiven` (", "event PortGiven"),
    ("| `--allowed-images A,B` |", "| `--images A,B` |", "flag --images"),
    ("`--timeout 3m`", "`--deadline 3m`", "flag --deadline"),
    ("| `check [IMAGE…]` |", "| `ask [IMAGE…]` |", "command ask"),
    ("| `localregistry_resources` |", "| `localregistry_things` |", "metric localregistry_things"),
    ("`workqueue_*`", "`queue_*`", "metrics queue_*"),
    ("; 4 an\naddress", "; 5 an\naddress", "exit code in 'The program': 5"),
    ("5 not ready in time", "7 not ready in time", "exit code in 'The kubectl plugin': 7"),
])
def test_a_name_that_only_the_readme_has_is_found(project, old, new, kind):
    assert any(kind in problem for problem in changed(project, "README.md", old, new))


@pytest.mark.parametrize("name, old, new, kind", [
    ("reasons.h", '"NameConflict"', '"NameTaken"', "does not name the reason NameTaken"),
    ("reasons.h", 'kUpToDate = "UpToDate"', 'kUpToDate = "Fresh"',
     "does not name the condition Fresh"),
    ("events.cpp", '"PortAssigned"', '"PortGiven"', "does not name the event PortGiven"),
    ("options.cpp", '"--allowed-images"', '"--images"', "does not name the flag --images"),
    ("metrics.cpp", '"localregistry_resources"', '"localregistry_things"',
     "does not name the metric localregistry_things"),
    ("check.cpp", '.name = "check"', '.name = "ask"', "does not name the command ask"),
    ("options.h", "kBind = 4", "kBind = 6", "does not name the exit code in 'The program': 6"),
    ("outcome.h", "kNotReady = 5", "kNotReady = 9",
     "does not name the exit code in 'The kubectl plugin': 9"),
])
def test_a_name_that_only_the_sources_have_is_found(project, name, old, new, kind):
    assert any(kind in problem for problem in changed(project, name, old, new))


def test_another_default_or_copy_of_the_crd_is_found(project):
    crd = project / CRD
    crd.write_text(crd.read_text().replace("default: 5000", "default: 5001"))
    found = list(documents.problems(project))
    assert "README.md gives port the default 5000, and the CRD 5001" in found
    assert "the chart has another CRD than crds/: run deploy/generate" in found
