"""Rewrites 100 MB with little memory and in limited time; the output is complete or empty."""
import hashlib
import json

import pytest

from conftest import REGISTRY

MEGABYTES = 100
MOST_KILOBYTES = 64 * 1024
MOST_SECONDS = 90       # CPU time on a slow machine; about a tenth is usual
IMAGE = "ghcr.io/org/project/image"
DOCUMENT = """\
# ghcr.io/org/project/image
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: "web"}}
spec:
  template:
    spec:
      containers:
      - name: web
        image: %s:v%d  # the one
        args: ["--flag", 'quoted ünd', plain]
"""
LONG = "  text: |\n" + "    some text that says nothing, ghcr.io/org/project/image\n" * 50_000


def document(number):
    return DOCUMENT % ("%s", number)


def pod(number):
    return json.dumps({"kind": "Pod", "spec": {"image": "%s", "n": number}}) + ","


# The beginning, the repeated part and the end of a text. %s is the name of the image.
SHAPES = {
    "documents": ("", "".join(document(n) + "---\n" for n in range(1000)), "a: 1\n"),
    "one document": ("items:\n", "".join(
        "- " + document(n).split("\n", 1)[1].rstrip("\n").replace("\n", "\n  ") + "\n"
        for n in range(1000)), ""),
    "one line of JSON": ('{"items":[', "".join(map(pod, range(1000))), "0]}"),
    "long texts": ("", f"- image: %s\n{LONG}", ""),
}


def write(shape, path):
    """Writes the text. Returns the digest of the expected output and its number of references."""
    digest = hashlib.sha256()
    start, middle, end = SHAPES[shape]
    times = MEGABYTES * 1_000_000 // len(middle.replace("%s", IMAGE).encode()) + 1
    with path.open("wb") as file:
        for piece, repeated in ((start, 1), (middle, times), (end, 1)):
            before = piece.replace("%s", IMAGE).encode()
            after = piece.replace("%s", f"{REGISTRY}/org/project/image").encode()
            for _ in range(repeated):
                file.write(before)
                digest.update(after)
    return digest.hexdigest(), times * middle.count("%s")


@pytest.fixture
def big(tmp_path):
    path = tmp_path / "big"
    yield path
    path.unlink(missing_ok=True)


def digest_of(path):
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


@pytest.mark.parametrize("shape", SHAPES)
def test_memory_is_bounded(rewrite, big, tmp_path, shape):
    wanted, count = write(shape, big)
    output = tmp_path / "output"
    for pipe in (False, True):
        run = rewrite(big, [IMAGE], pipe, output, measure=True)
        assert (run.code, run.error.splitlines()[-1]) == (0, str(count))
        assert digest_of(output) == wanted
        output.unlink()
        print(f"{shape}, {'pipe' if pipe else 'file'}: {run.kilobytes} kB, {run.seconds:.1f} s, "
              f"{count} references")
        assert run.kilobytes < MOST_KILOBYTES
        assert run.seconds < MOST_SECONDS


def test_nothing_is_printed_when_the_last_document_is_broken(rewrite, big):
    write("documents", big)
    with big.open("ab") as file:
        file.write(b"image: [ghcr.io/org/project/image\n")
    run = rewrite(big, [IMAGE])
    assert run.code == 1 and run.output == b""
    assert f"{big}: YAML at line " in run.error and "column 1" in run.error


@pytest.mark.parametrize("text", [
    b"[" * 30_000_000, b"{a: " * 10_000_000, b"- " * 20_000_000, b"? " * 20_000_000,
    b"&a" + b"a" * 30_000_000, b"a: '" + b"x" * 30_000_000, b'"' + b"\\" * 30_000_000,
    b"".join(b"- &a%d x\n" % n for n in range(2_000_000)), b"%TAG ! x\n" * 3_000_000,
    b"a: |\n" + b"\n" * 30_000_000, b"a" * 30_000_000, b"!" * 30_000_000, b"!<" * 15_000_000,
    b'{"' + b"k" * 30_000_000, b'[{"a":' * 5_000_000, b"\xff" * 1_000_000],
    ids=lambda text: repr(text[:6]))
def test_hostile_texts_are_refused_in_bounded_memory(rewrite, text):
    run = rewrite(text, [IMAGE], measure=True)
    assert run.code == 1 and run.output == b"", run.error
    assert run.kilobytes < 2 * MOST_KILOBYTES
    assert run.seconds < MOST_SECONDS


@pytest.mark.parametrize("line", [
    "k%dRegistry: ghcr.io\nk%dImage: org/project/image\n", "k%dRegistry: ${X}\n",
    "- {name: ghcr.io/org/project/image, registry: ghcr.io, repository: x, k%d: y}\n",
    "? {registry: ghcr.io, repository: org/project/image}\n: %d\n", "k%d: &a%d {image: x/y}\n"],
    ids=["many halves", "many variables", "many names", "keys", "anchors"])
def test_many_references_that_wait_for_another_value_cost_little(rewrite, line):
    text = "".join(line.replace("%d", str(number)) for number in range(100_000))
    nested = "".join(f"{' ' * depth}registry: ghcr.io\n{' ' * depth}k:\n" for depth in range(200))
    run = rewrite((nested + " " * 200 + "a: b\n---\n" + text).encode(), [IMAGE], measure=True)
    assert run.code == 0 or "too many anchors" in run.error, run.error
    assert run.kilobytes < MOST_KILOBYTES
    assert run.seconds < MOST_SECONDS


def test_a_billion_laughs_cost_nothing(rewrite):
    lines = ["a0: &a0 [ghcr.io/org/project/image, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]" for n in range(1, 100)]
    run = rewrite("\n".join(lines).encode(), [IMAGE], measure=True)
    assert run.code == 0 and run.error == "1\n"
    assert run.seconds < 5
