#!/usr/bin/env python3
"""Checks that the README names what users and tools read and write: the conditions, reasons and
events, the fields of the spec, the flags and the metrics of the operator. The names come from the
sources.

    documents.py      prints what is missing; exit code 1 if there is any
"""
import pathlib
import re
import sys

import yaml

PROJECT = pathlib.Path(__file__).parents[2]

# What the sources have, by a pattern for its name. Each name stands in the README in backquotes.
SOURCES = {
    "condition or reason": ("controller/reconcile/reasons.h", r'\bk\w+ =\s+"(\w+)"'),
    "event": ("controller/reconcile/events.cpp", r'\{(?:true|false), "(\w+)"'),
    "flag": ("controller/app/options.cpp", r'add_(?:option|flag)\("(--[\w-]+)"'),
    "metric": ("controller/app/metrics.cpp", r'"((?:localregistry|leader_election)_\w+)"'),
}
LEAST = 4  # names of each pattern; fewer mean that the pattern is outdated
CRD = "crds/localregistries.localregistry.dev.yaml"

# Reasons of containers, which the README names by an example.
BY_EXAMPLE = {"ErrImagePull"}


def spec_fields():
    """Yields the fields of the spec, and those of spec.persistence with their path."""
    version = yaml.safe_load((PROJECT / CRD).read_text())["spec"]["versions"][0]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    yield from (name for name in spec if name != "persistence")
    yield from (f"persistence.{name}" for name in spec["persistence"]["properties"])


def documented(readme):
    """Returns the words of the README's code spans."""
    return {word for span in re.findall(r"`([^`\n]+)`", readme)
            for word in re.findall(r"[\w.-]+", span)}


def main():
    words = documented((PROJECT / "README.md").read_text())
    missing, count = [], 0
    names = {kind: re.findall(pattern, (PROJECT / path).read_text())
             for kind, (path, pattern) in SOURCES.items()}
    names["field of the spec"] = list(spec_fields())
    for kind, found in names.items():
        if len(found) < LEAST:
            missing.append(f"only {len(found)} names of the kind {kind} were found in the sources")
        missing += [f"README.md does not name the {kind} {name}"
                    for name in sorted(set(found) - words - BY_EXAMPLE)]
        count += len(found)
    print("\n".join([*missing, f"documents: {count} names, {len(missing)} problems"]))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
