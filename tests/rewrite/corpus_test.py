"""1,000 manifests, rewritten: nothing but the references may differ, in the tree that another
parser sees and in the bytes."""
import pytest

import manifests
import oracle
from conftest import REGISTRY

COUNT = 1000
GROUPS = 20


@pytest.mark.parametrize("group", range(GROUPS))
def test_only_references_differ(rewrite, group):
    total = 0
    for seed in range(group, COUNT, GROUPS):
        before, objects = manifests.manifest(seed)
        text = before.decode()
        if objects is not None:
            assert oracle.load(text.removeprefix("\ufeff")) == objects, f"{seed} is no test"
        wanted, count, said = oracle.expected(text, REGISTRY, manifests.DECLARED)
        run = rewrite(before, manifests.DECLARED)
        assert run.code == 0, f"{seed}: {run.error}"
        assert run.output.decode() == wanted, f"manifest {seed}"
        assert oracle.trees(run.output.decode()) == said, f"manifest {seed}"
        assert run.error == f"{count}\n"
        assert rewrite(run.output, manifests.DECLARED).output == run.output, f"{seed}: not twice"
        total += count
    assert total > COUNT // GROUPS, "too few references to prove much"
