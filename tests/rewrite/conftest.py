"""Runs the program under test."""
import dataclasses
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
PROJECT = pathlib.Path(__file__).parents[2]
REGISTRY = "localhost:31234"

# A child inherits the peak memory of its parent as a lower bound. Therefore a small process (about
# 10 MB) starts the program and reports its usage, not this large one.
MEASURED = """
import os, sys
_, status, used = os.wait4(os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ), 0)
with open(sys.argv[1], "w") as file:
    print(used.ru_maxrss, used.ru_utime + used.ru_stime, file=file)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclasses.dataclass
class Run:
    code: int
    output: bytes       # empty if the caller named a file for it
    error: str
    kilobytes: int      # peak memory; 0 if not measured
    seconds: float      # CPU time


@pytest.fixture(scope="session")
def rewrite(tmp_path_factory):
    """rewrite(text or path, images) runs the program. pipe: it reads standard input. output: the
    path of a file for its output. measure: whether to measure memory and time."""
    program = os.environ.get("REWRITER", PROJECT / "build/release/rewriter")
    folder = tmp_path_factory.mktemp("rewrite")
    usage = folder / "usage"

    def run(text, images, pipe=False, output=None, measure=False):
        path = text
        if isinstance(text, bytes):
            path = folder / "input"
            path.write_bytes(text)
        command = [program, "-" if pipe else path, REGISTRY, *images]
        if measure:
            command = [sys.executable, "-I", "-S", "-c", MEASURED, usage, *command]
        out = output or folder / "output"
        with open(path, "rb") as source, out.open("wb") as stdout:
            feed = subprocess.Popen(["cat"], stdin=source, stdout=subprocess.PIPE) if pipe else None
            ended = subprocess.run(command, stdin=feed.stdout if feed else subprocess.DEVNULL,
                                   stdout=stdout, stderr=subprocess.PIPE, check=False)
            if feed:
                feed.stdout.close()
                feed.wait()
        used = usage.read_text().split() if measure else (0, 0)
        return Run(ended.returncode, b"" if output else out.read_bytes(), ended.stderr.decode(),
                   int(used[0]), float(used[1]))

    return run
