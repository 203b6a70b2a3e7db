"""`kubectl apply` accepts whatever `kubectl localregistry import` prints: tested with generated
devspace.yaml files and a real API server with the CRD."""
import json
import os
import random
import re
import subprocess

import pytest

from tools import PROJECT, SECONDS, kubectl

PLUGIN = os.environ.get("PLUGIN") or PROJECT / "build" / "release" / "kubectl-localregistry"
COUNT = 600
GROUPS = 6
MOST_TAGS = 16
ENVIRONMENT = {"REGISTRY": "quay.io/acme", "EMPTY": "", "TAG_ENV": "0x1F"}

HOSTS = ["ghcr.io/", "", "docker.io/", "localhost:5000/", "registry.example:5000/", "[::1]:5000/",
         "under_score.example/", "UPPER/", "10.0.0.1/", "a.b-c.example/"]
PATHS = ["org/app", "app", "a/b/c/d", "x__y/z-w", "x.y/z---w", "library/alpine", "0/1", "0787849"]
BAD_PATHS = ["Org/App", "a//b", "a/", "-a", "a_", "a..b", ""]
# Plain scalars that some YAML readers do not read as strings.
NUMBERS = ["1.10", "20240101", "0787849", "553640e6", "1e5", "8", "3.0", "0x1F", "0o17", "017",
           "1_000", "1.", "1e400", "12345678901234567890", "12.30.45", "true",
           "True", "FALSE", "yes", "No", "on", "y", "n", "2024-01-31", "_", "__", "_.-", "1.2.3-rc",
           "inf", "NaN", "e5", "0e0", "null_", "1e5.x", "0b11", "00"]
TAGS = ["latest", "dev", "v1.2.3", "a" * 128, "A-b_c.d"]
BAD_TAGS = ["a b", ".a", "-a", "a" * 129, "ü", "a/b", "a:b", "", "-1", "+1", ".5"]
KEYS = ["backend", "api-server", "a.b", "A_b", "0", "1.10", "true", "null", "a" * 63]
BAD_KEYS = ["-a", "a-", "_", "a b", "a/b", "ü", "a" * 64, "a:b", "~"]
VARIABLES = {
    "VALUE": ("VALUE: v1", "v1"), "NUMBER": ("NUMBER: 1.10", "1.10"),
    "FLAG": ("FLAG: True", "True"),
    "REGISTRY": ("REGISTRY: {source: env, default: ghcr.io/acme}", "quay.io/acme"),
    "EMPTY": ("EMPTY: {source: env, default: 007}", "007"),
    "TAG_ENV": ("TAG_ENV: {question: Which, default: x}", "0x1F"),
    "INNER": ("INNER: {default: '${VALUE}-${NUMBER}'}", "v1-1.10"),
    "ASKED": ("ASKED: {question: Which}", None), "RUN": ("RUN: {command: date}", None),
    "NONE": ("NONE: {source: none, default: 1e5}", "1e5")}


class File:
    """File generates the text of a devspace.yaml. tags has the tags of each image as DevSpace reads
    them, where the test knows them."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.wrong = 0.03 if self.rng.random() < 0.3 else 0  # probability of a wrong value
        self.lines = ["version: v2beta1"]
        self.tags = {}
        if self.chance(0.9):
            name = self.pick(["shop", "a.b", "1", "Shop", "0e0"])
            self.lines.append(f"name: {self.quoted(name)}")
        self.lines.append("vars:")
        self.lines += [f"  {text}" for text, _ in VARIABLES.values()]
        if self.chance(0.6):
            self.registry()
        if self.chance(0.95):
            self.images()
        if self.chance(0.2):
            self.lines.append(self.pick(["profiles: []", "deployments: {}", "unknown: {a: [b]}"]))

    @property
    def text(self):
        return "\n".join(self.lines) + "\n"

    def chance(self, probability):
        return self.rng.random() < probability

    def pick(self, good, bad=()):
        return self.rng.choice(bad if bad and self.chance(self.wrong) else good)

    def quoted(self, text):
        """Returns a string in one of YAML's styles, unquoted only where that is possible."""
        plain = re.fullmatch(r"[A-Za-z0-9_.+$~][^:#,\[\]{}'\"ü ]*", text)
        if plain and self.chance(0.6):
            return text
        return f"'{text}'" if self.chance(0.5) else json.dumps(text, ensure_ascii=False)

    def registry(self):
        self.lines.append("localRegistry:")
        fields = {
            "enabled": lambda: self.pick(["true", "false", "yes", "Off", "${FLAG}"], ["1", "no!"]),
            "localbuild": lambda: self.pick(["true", "False"], ["2"]),
            "namespace": lambda: self.quoted(self.pick(["registries", "team-a"], ["Team", "a.b"])),
            "name": lambda: self.quoted(self.pick(["images", "a" * 52, "r-1"],
                                                  ["5reg", "a" * 63, "a.b", "A"])),
            "image": lambda: self.quoted(self.image()),
            "buildKitImage": lambda: self.quoted(self.image()),
            "port": lambda: self.pick(["5000", "1", "65535", "80"], ["0", "65536", "-1", "x"])}
        for name, value in fields.items():
            if self.chance(0.4):
                self.lines.append(f"  {name}: {value()}")
        if self.chance(0.5):
            self.lines.append("  persistence:")
            self.lines.append(f"    enabled: {self.pick(['true', 'false'])}")
            size = self.pick(["5Gi", "1", "1.5G", "2e3", "0.5Ti", "+1Gi"],
                             ["0", "-1Gi", "big", "1" * 33, "1e", "5 Gi", "0.0000000001"])
            self.lines.append(f"    size: {self.quoted(size)}")
            if self.chance(0.5):
                name = self.pick(["fast", "a.b-c", "0"], ["Fast", "a_b", "a" * 254])
                self.lines.append(f"    storageClassName: {self.quoted(name)}")

    def image(self):
        path = self.pick(PATHS, BAD_PATHS)
        if self.chance(self.wrong):
            path += "/" + "p" * self.rng.choice([200, 260, 500])
        host = self.pick(HOSTS)
        tag = self.pick(["", "", ":v1", ":1.10"], [":", ":a b", "@sha256:" + "a" * 64, ":-"])
        return host + path + tag

    def tag(self):
        """Returns a tag as written in the file, and as DevSpace reads it; None if it is left
        out."""
        kind = self.rng.random()
        if kind < 0.4:
            text = self.pick(NUMBERS)
            return (text if self.chance(0.7) else f"'{text}'"), text
        if kind < 0.7:
            text = self.pick(TAGS, BAD_TAGS)
            return self.quoted(text), text
        if kind < 0.9:
            name = self.rng.choice(list(VARIABLES))
            value = VARIABLES[name][1]
            return f"'t-${{{name}}}'", None if value is None else f"t-{value}"
        return self.pick(["'dev-####'", "'${DEVSPACE_RANDOM}'", "'$(date)'", "'${UNKNOWN}'"]), None

    def images(self):
        self.lines.append("images:")
        count = 70 if self.chance(0.02) else self.rng.randint(1, 6)
        keys = {self.pick(KEYS, BAD_KEYS) if count < 9 else f"i{number}" for number in range(count)}
        for key in sorted(keys):
            self.lines.append(f"  {json.dumps(key, ensure_ascii=False)}:")
            reference = self.image() if self.chance(0.8) else "${REGISTRY}/shop/app"
            self.lines.append(f"    image: {self.quoted(reference)}")
            count = 20 if self.chance(0.05) else self.rng.randint(0, 5)
            written = [self.tag() for _ in range(count)]
            if written and self.chance(0.3):
                written.append(written[0])
            if written:
                self.lines.append(f"    tags: [{', '.join(one for one, _ in written)}]")
            self.tags[key] = [value for _, value in written if value is not None]
            if ":" in reference.rpartition("/")[2]:
                self.tags[key].insert(0, reference.rpartition(":")[2])


def imported(text, seed, output):
    """Returns the exit code, the manifest ("" without one) and the messages."""
    done = subprocess.run(
        [PLUGIN, "import", "-", "--name", f"file-{seed}", "-o", output], input=text, text=True,
        capture_output=True, timeout=SECONDS, check=False, env={**os.environ, **ENVIRONMENT})
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("group", range(GROUPS))
def test_whatever_is_imported_is_applied_as_it_was_read(group, namespace):
    manifests, read, refused = [], {}, 0
    for seed in range(group, COUNT, GROUPS):
        file = File(seed)
        code, manifest, said = imported(file.text, seed, "yaml")
        if code != 0:
            assert code == 1 and manifest == "", f"{seed}: {said}"
            assert re.match(r"error: standard input:(\d+:\d+: | YAML at line )", said), said
            refused += 1
            continue
        as_json = json.loads(imported(file.text, seed, "json")[1])
        for image in as_json["spec"].get("images", []):
            wanted = list(dict.fromkeys(file.tags[image["name"]]))[:MOST_TAGS]
            assert image.get("tags", []) == wanted, f"{seed}: {said}"
        read[as_json["metadata"]["name"]] = as_json["spec"]
        manifests.append(manifest)
    assert len(manifests) > refused, "too few files are taken to prove much"
    answer = json.loads(kubectl(
        "apply", "--server-side", "--dry-run=server", "--validate=strict", "--namespace", namespace,
        "--output", "json", "--filename", "-", stdin="---\n".join(manifests)))
    applied = {item["metadata"]["name"]: item["spec"] for item in answer["items"]}
    assert applied.keys() == read.keys()
    for name, spec in read.items():
        for field in spec.keys() - {"persistence"}:
            assert applied[name][field] == spec[field], f"{name}: {field}"


def test_files_of_both_kinds_are_among_those_from_a_seed():
    codes = [imported(File(seed).text, seed, "yaml")[0] for seed in range(0, COUNT, 10)]
    assert codes.count(0) > 30 and codes.count(1) > 2
