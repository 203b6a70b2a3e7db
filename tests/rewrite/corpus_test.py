"""Rewrites 1,000 manifests. Only references may differ, in the bytes and in the tree that another
parser reads."""
import pytest

import manifests
import oracle
from conftest import REGISTRY

COUNT = 1000
GROUPS = 20
MOST_WARNINGS = 100


@pytest.mark.parametrize("group", range(GROUPS))
def test_only_references_differ(rewrite, group):
    total = 0
    for seed in range(group, COUNT, GROUPS):
        before, objects = manifests.manifest(seed)
        text = before.decode()
        if objects is not None:
            assert oracle.load(text.removeprefix("\ufeff")) == objects, f"{seed} is no test"
        warned = set()
        wanted, count, said = oracle.expected(text, REGISTRY, manifests.DECLARED, warned)
        run = rewrite(before, manifests.DECLARED)
        assert run.code == 0, f"{seed}: {run.error}"
        assert run.output.decode() == wanted, f"manifest {seed}"
        assert oracle.trees(run.output.decode()) == said, f"manifest {seed}"
        *warnings, edits = run.error.splitlines()
        assert int(edits) == count, f"manifest {seed}"
        lines = {int(one.split(":")[0]) for one in warnings}
        assert lines >= warned or len(warnings) == MOST_WARNINGS, f"manifest {seed}"
        assert rewrite(run.output, manifests.DECLARED).output == run.output, f"{seed}: not twice"
        total += count
    assert total > COUNT // GROUPS, "too few references to prove much"
