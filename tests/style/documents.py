#!/usr/bin/env python3
"""Holds the tables of the README to the sources, both ways: the fields of the spec with their
defaults, conditions, reasons, events, flags, metrics, commands of the plugin and exit codes. The
README names each of them, and names none that the sources do not have. The chart has the same CRD
as crds/, and the default values of the CRD are those of the sources.

    documents.py      prints each difference; exit code 1 if there is any
"""
import pathlib
import re
import sys

import yaml

PROJECT = pathlib.Path(__file__).parents[2]
CRD = "localregistries.localregistry.dev.yaml"

# Names that the README gives by an example (reasons of containers), or that are events as well.
BY_EXAMPLE = {"ErrImagePull"}
REASONS_AS_EVENTS = {"CleanupBlocked", "TooLarge", "NoRoom"}
# Conditions that exist only for a while, so they have no row in the table.
WITHOUT_ROW = {"CleanupBlocked"}
# Families of metrics that the README names by their prefix, and flags of other programs.
PREFIX = re.compile(r"`(\w+_)\*`")
FLAGS_OF_OTHERS = {"--help", "--post-renderer", "--post-renderer-args", "--image"}
LISTS = {"images", "pushSecrets"}  # fields of the spec whose elements the README describes


class Sources:
    """Finds names in the sources by patterns. The layers may move their files."""

    def __init__(self, root):
        self.root = root
        self.files = sorted((root / "controller").rglob("*.cpp"))
        self.files += sorted((root / "controller").rglob("*.h"))

    def texts(self, pattern):
        """Returns the texts of the files whose path below controller/ matches this pattern."""
        return "\n".join(
            path.read_text() for path in self.files
            if re.search(pattern, path.relative_to(self.root / "controller").as_posix()))

    def names(self, files, pattern):
        return set(re.findall(pattern, self.texts(files)))

    def reasons(self):
        """Returns the types of conditions, and all reasons."""
        text = self.texts(r"/(conditions|reasons)\.h$")

        def constants(namespace):
            parts = re.findall(rf"namespace \w+::{namespace} {{(.*?)^}}", text, re.DOTALL | re.M)
            return set(re.findall(r'\bk\w+ =\s+"(\w+)"', "".join(parts)))

        return constants("condition"), constants("reason")

    def events(self):
        literal = self.names(r"^reconcile/.*events\.cpp$", r'\{(?:true|false|!\w+), "(\w+)"')
        return literal | self.names(r"^reconcile/.*events\.cpp$", r'k\w+, "(\w+)", list\)')

    def metrics(self):
        return self.names(r"metrics\w*\.cpp$", r'registry, "(\w+)"')

    def exit_codes(self, files):
        [body] = re.findall(r"enum class ExitCode \{(.*?)\}", self.texts(files), re.DOTALL)
        return set(re.findall(r"= (\d+),", body))


class Readme:
    """The README, taken apart into sections and tables."""

    def __init__(self, text):
        self.text = text

    def section(self, title):
        """Returns the text below that heading, up to the next one of its level."""
        found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", self.text,
                          re.MULTILINE | re.DOTALL)
        return found[1] if found else ""

    def rows(self, *header):
        """Returns the cells of each row of the table whose header begins with these cells."""
        begin = r" \| ".join(re.escape(cell) for cell in header)
        found = re.search(rf"^\| {begin} \|[^\n]*\n\|[-|: ]+\n((?:\|[^\n]*\n)+)", self.text,
                          re.MULTILINE)
        lines = found[1].splitlines() if found else []
        return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]

    def paragraph(self, begin, text=None):
        """Returns the paragraph that begins with this word."""
        found = re.search(rf"^{begin}(.*?)(?:\n\n|\Z)", self.text if text is None else text,
                          re.MULTILINE | re.DOTALL)
        return found[1] if found else ""


def spans(text):
    return re.findall(r"`([^`\n]+)`", text)


def spec_fields(crd):
    """Yields each field of the spec that a reader sets, with its path and its schema."""
    spec = crd["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    for name, schema in spec.items():
        if name == "persistence":
            yield from ((f"{name}.{inner}", one) for inner, one in schema["properties"].items())
            continue
        yield name, schema
        if name in LISTS:
            yield from ((f"{name}.{inner}", one)
                        for inner, one in schema["items"]["properties"].items())


def documented_fields(readme):
    """Yields the fields of the table with the default that it gives."""
    for names, default, *_ in readme.rows("field", "default"):
        fields = [name.removesuffix("[]") for name in spans(names)]
        if "`: `" in names.replace("[]`:", "`:"):
            yield fields[0], default
            yield from ((f"{fields[0]}.{name}", "") for name in fields[1:])
            continue
        defaults = default.split(", ") if len(default.split(", ")) == len(fields) else None
        for index, name in enumerate(fields):
            yield name, defaults[index] if defaults else default


def compare(kind, documented, known, optional=frozenset()):
    """Yields a sentence for each name that only one side has."""
    if len(known) < 2:
        yield f"only {len(known)} names of the kind {kind} were found in the sources"
    yield from (f"README.md does not name the {kind} {name}"
                for name in sorted(known - documented - optional))
    yield from (f"README.md names the {kind} {name}, which the sources do not have"
                for name in sorted(documented - known))


def check_fields(readme, crd):
    schemas, documented = dict(spec_fields(crd)), dict(documented_fields(readme))
    yield from compare("field of the spec", set(documented), set(schemas))
    for name in sorted(set(schemas) & set(documented)):
        default = schemas[name].get("default")
        text = documented[name].strip("`")
        if default is not None and text != (
                str(default).lower() if isinstance(default, bool) else str(default)):
            yield f"README.md gives {name} the default {text}, and the CRD {default}"
        if default is None and documented[name].startswith("`"):
            yield f"README.md gives {name} the default {text}, and the CRD has none"


def check_reasons(readme, sources):
    conditions, reasons = sources.reasons()
    rows = readme.rows("condition", "True", "False")
    named = {span for cells in rows for span in spans(cells[0])}
    yield from compare("condition", named, conditions - WITHOUT_ROW)
    everywhere = {word for span in spans(readme.text) for word in re.findall(r"[\w.-]+", span)}
    table = "\n".join(" ".join(cells[1:]) for cells in rows)
    in_table = {span for span in spans(table) if re.fullmatch(r"[A-Z]\w+", span)}
    named = (in_table - (conditions - reasons)) | (reasons & everywhere)
    yield from compare("reason", named, reasons, BY_EXAMPLE)


def check_events(readme, sources):
    named = {span for span in spans(readme.paragraph("Events: ")) if span[0].isupper()}
    yield from compare("event", named, sources.events() | REASONS_AS_EVENTS)
    for name in sorted(REASONS_AS_EVENTS - set.union(*sources.reasons())):
        yield f"the event {name} is no condition or reason"


def check_flags(readme, sources):
    rows = readme.rows("flag", "default", "meaning")
    named = {flag for cells in rows for flag in re.findall(r"--[\w-]+", cells[0])}
    known = sources.names(r"^(?!cli/)", r'add_(?:option|flag)\("(--[\w-]+)"') | {"--help"}
    yield from compare("flag", named, known)
    plugin = readme.section("The kubectl plugin")
    known = sources.names(r"^cli/", r'"(?:-\w,)?(--[\w-]+)"') | FLAGS_OF_OTHERS
    for flag in sorted(set(re.findall(r"(?<![\w-])--[a-z][\w-]+", plugin)) - known):
        yield f"README.md names the flag {flag}, which the plugin does not have"


def check_commands(readme, sources):
    rows = readme.rows("`kubectl localregistry …`", "what it does")
    named = {span.split()[0] for cells in rows for span in spans(cells[0])}
    known = sources.names(r"^cli/commands/", r'\.name = "([a-z]+)",')
    yield from compare("command", named, known)


def check_metrics(readme, sources):
    prefixes = tuple(PREFIX.findall(readme.section("The program")))
    metrics = sources.metrics()
    named = set(re.findall(r"\b(?:localregistry|leader_election)_\w+", readme.text))
    yield from compare("metric", named,
                       {name for name in metrics if not name.startswith(prefixes)},
                       {name for name in metrics if name.startswith("process_")})
    for prefix in prefixes:
        if prefix != "process_" and not any(name.startswith(prefix) for name in metrics):
            yield f"README.md names the metrics {prefix}*, which the sources do not have"


def check_exit_codes(readme, sources):
    for title, files, more in (("The program", "^(?!cli/)", set()),
                               ("The kubectl plugin", "^cli/", {"128"})):
        text = readme.paragraph("Exit codes: ", readme.section(title))
        named = set(re.findall(r"(?:^|; )(\d+) ", text.replace("\n", " ")))
        yield from compare(f"exit code in '{title}':", named, sources.exit_codes(files) | more)


def check_copy(root):
    """The chart's CRD is a copy, as Helm cannot read files outside of the chart."""
    copy = root / "charts" / "local-registry-operator" / "files" / CRD
    if copy.read_bytes() != (root / "crds" / CRD).read_bytes():
        yield "the chart has another CRD than crds/: run deploy/generate"


def problems(root):
    """Yields a sentence for each difference in the project at that path."""
    readme, sources = Readme((root / "README.md").read_text()), Sources(root)
    crd = yaml.safe_load((root / "crds" / CRD).read_text())["spec"]["versions"][0]
    yield from check_fields(readme, crd)
    for check in (check_reasons, check_events, check_flags, check_commands, check_metrics,
                  check_exit_codes):
        yield from check(readme, sources)
    yield from check_copy(root)


def main():
    found = list(problems(PROJECT))
    print("\n".join([*found, f"documents: {len(found)} problems"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
