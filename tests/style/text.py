#!/usr/bin/env python3
"""Checks the text of every file that git has or would add. Lines have at most 100 columns and
functions at most 70 lines. Headers begin with their purpose. No coroutine is a lambda with
captures. A source uses each name that it declares by using or as an alias. No file names a foreign
host or anything of the machine that it was written on. Sources of the operator and documents use no
word of UNCLEAR.

    text.py [FILE...]      prints FILE:LINE: why; exit code 1 if there is a violation
"""
import ast
import os
import pathlib
import re
import subprocess
import sys

PROJECT = pathlib.Path(__file__).parents[2]
COLUMNS, LINES = 100, 70
CODE = {".h", ".cpp", ".py", ".sh", ".cmake"}
GENERATED = re.compile(
    r"tests/(chart/(golden|expected)|fuzz/corpus)/|\.svg$|\.tar$|\.png$|\.patch$")

# Hosts that a URL may name: reserved addresses, names of the cluster, documentation.
HOSTS = re.compile(
    r"localhost$|127\.|\[|[\d.]+$|kubernetes(\.|$)|.*\.(svc|local|cluster\.local)$|[^.]*$"
    r"|(.*\.)?(invalid|test|example|example\.(com|org|net))$"
    r"|(.*\.)?(kubernetes\.io|k8s\.io|json-schema\.org|opencontainers\.org|localregistry\.dev)$"
    r"|snapshot\.debian\.org$"  # dated packages of the Dockerfile
    r"|(.*\.)?docker\.io$"  # Docker Hub's names in references and credentials
    r"|www\.w3\.org$")      # the namespace of SVG
URL = re.compile(r"\bhttps?://([^/\s\"'`$<>{}()|\\:%]+)")

# Words that a reader has to interpret, although engineers have a precise one: "told" for reported
# or logged, "somebody" for another client.
UNCLEAR = re.compile(r"\b(" + r"|".join(
    word.replace(" ", r"[\s/#*]+") for word in (
        "born", "told", "tells", "whoever", "somebody", "nobody", "anew", "wished", "robbed",
        "spoilt", "gives way", "as it is", "in the way", "in any case", "of its own", "for good",
    )) + r")\b", re.IGNORECASE)
WITH_PLAIN_WORDS = re.compile(r"(controller|charts|crds|deploy)/|.*\.md$")

CPP_FUNCTION = re.compile(r"^( {0,4})(?!namespace|class|struct|enum|union|extern|return|\}|//)"
                          r"(?!.*= \{$)\S.*\{$")  # a table of values is no function
SHELL_FUNCTION = re.compile(r"^()[\w-]+\(\) [{(]")
# clang-tidy sees these only in a source that it reads alone; tidy.py joins sources.
ALIAS = re.compile(r"^(?:using (?:[\w:]+::)?(\w+)(?:;| =)|namespace (\w+) =)", re.MULTILINE)
LAMBDA_COROUTINE = re.compile(r"\[[^\]\[]+\]\s*\([^()]*\)\s*(mutable\s*)?->\s*[\w:]*awaitable<")


def files():
    """Returns the files that git has or would add, without generated and binary ones."""
    listed = subprocess.run(
        ["git", "-C", str(PROJECT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True, text=True).stdout
    return sorted(PROJECT / name for name in listed.split("\0")
                  if name and not GENERATED.search(name) and (PROJECT / name).is_file())


def own_paths():
    """Returns absolute paths that only this machine has. Paths of one part, like /src, are too
    general."""
    paths = {str(PROJECT), str(PROJECT.parent), os.path.expanduser("~")}
    return [path + "/" for path in paths if path.count("/") > 1]


def kind(path, text):
    if path.suffix in CODE:
        return path.suffix
    first = text.split("\n", 1)[0]
    if first.startswith("#!"):
        return ".py" if "python" in first else ".sh"
    return path.suffix


def block_lengths(lines, start):
    """Yields (line, length) of blocks that open on a line matching START and close at the same
    indentation."""
    for number, line in enumerate(lines):
        match = start.match(line)
        if not match:
            continue
        ends = (match[1] + "}", match[1] + ")")
        for length, later in enumerate(lines[number + 1:], 1):
            if later.startswith(ends):
                yield number + 1, length + 1
                break


def function_lengths(path_kind, text):
    if path_kind == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.lineno, node.end_lineno - node.lineno + 1
    elif path_kind in (".h", ".cpp"):
        yield from block_lengths(text.split("\n"), CPP_FUNCTION)
    elif path_kind == ".sh":
        yield from block_lengths(text.split("\n"), SHELL_FUNCTION)


def of_lines(path_kind, text, machine):
    for number, line in enumerate(text.split("\n"), 1):
        if path_kind in CODE and len(line) > COLUMNS:
            yield number, f"{len(line)} columns, at most {COLUMNS}"
        if line != line.rstrip() and path_kind != ".md":
            yield number, "white space at the end"
        for host in URL.findall(line):
            if not HOSTS.match(host):
                yield number, f"names the host {host}"
        for own in machine:
            if own in line:
                yield number, f"names a path of this machine: {own}"


def unused_aliases(text):
    """Yields (line, name) of names at the top of a source that occur nowhere else in it."""
    for match in ALIAS.finditer(text):
        name = match[1] or match[2]
        if len(re.findall(rf"\b{name}\b", text.replace(match[0], "", 1))) == 0:
            yield text.count("\n", 0, match.start()) + 1, name


def problems(path, machine):
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        return
    path_kind = kind(path, text)
    yield from of_lines(path_kind, text, machine)
    for number, length in function_lengths(path_kind, text):
        if length > LINES:
            yield number, f"a function of {length} lines, at most {LINES}"
    if path_kind == ".h" and not text.startswith("//"):
        yield 1, "a header opens with its purpose, its owner and its thread"
    if path_kind in (".h", ".cpp"):
        for match in LAMBDA_COROUTINE.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, "a lambda coroutine with captures"
    if path_kind == ".cpp":
        for number, name in unused_aliases(text):
            yield number, f"{name} is declared but not used"
    if WITH_PLAIN_WORDS.match(str(path.relative_to(PROJECT))):
        for match in UNCLEAR.finditer(text):
            words = " ".join(match[0].split())
            yield text.count("\n", 0, match.start()) + 1, f'unclear: "{words}"'
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no line end at the end"


def main():
    chosen = [pathlib.Path(name).resolve() for name in sys.argv[1:]] or files()
    machine, found = own_paths(), 0
    for path in chosen:
        for number, why in problems(path, machine):
            print(f"{path.relative_to(PROJECT)}:{number}: {why}")
            found += 1
    print(f"text: {len(chosen)} files, {found} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
