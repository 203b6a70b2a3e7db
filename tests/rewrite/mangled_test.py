"""Generated manifests with errors: texts that are not YAML are refused as a whole, and others are
rewritten as another parser expects."""
import random

import pytest
import yaml

import manifests
import oracle
from conftest import REGISTRY

COUNT = 1000
GROUPS = 4
TOKENS = ["&a ", "*a ", "!!str ", "- ", "? ", ": ", "{", "}", "[", "]", ",", "'", '"', "|", "|-",
          ">", "\n", "\n\n", "  ", "\t", "#", " #", "---\n", "...\n", "%", "org/frontend",
          "backend", "\r\n", "\ufeff", "é", "🐳", "\u2028", "\\", "\\\n", "!", "@", "~",
          "\x00", "\x1b", "<<: *a"]


def mangled(seed):
    rng = random.Random(seed)
    text = rng.choice([manifests.BY_HAND[seed % len(manifests.BY_HAND)],
                       manifests.manifest(rng.randrange(1 << 30))[0].decode()])
    lines = text.splitlines(True)
    first = rng.randrange(len(lines))
    if len(lines) > 40:
        text = "".join(lines[first:first + 20])
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.randrange(len(text) + 1)
        kind = rng.random()
        if kind < 0.5:
            text = text[:at] + rng.choice(TOKENS) + text[at:]
        elif kind < 0.7:
            text = text[:at] + text[at + rng.randint(1, 3):]
        else:
            other = rng.randrange(len(text) + 1)
            text = text[:at] + text[other:other + rng.randrange(30)] + text[at:]
    return text


@pytest.mark.parametrize("group", range(GROUPS))
def test_a_mangled_manifest_is_refused_or_rewritten_right(rewrite, group):
    agreed = refused = 0
    for seed in range(group, COUNT, GROUPS):
        text = mangled(seed)
        run = rewrite(text.encode(), manifests.DECLARED)
        try:
            wanted = oracle.expected(text, REGISTRY, manifests.DECLARED)[0]
        except yaml.YAMLError:
            wanted = None
        if run.code == 0:
            assert wanted is None or run.output.decode() == wanted, f"{seed}: {text!r}"
            agreed += wanted is not None
        else:
            assert run.code == 1 and run.output == b"", f"{seed}: {run.error}"
            assert "input: " in run.error
            refused += 1
    assert agreed > COUNT // GROUPS // 8 and refused > COUNT // GROUPS // 8
