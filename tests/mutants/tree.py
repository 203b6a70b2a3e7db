"""Makes a copy of the sources with mutants in it, and builds it."""
import filecmp
import hashlib
import json
import os
import pathlib
import pickle
import re
import shutil
import subprocess
import sys
import time

import mutate

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
HOME = PROJECT / "build" / "mutants"
TREE = HOME / "tree"
BINARIES = TREE / "build" / "release"
PARTS = ["CMakeLists.txt", "CMakePresets.json", "controller", "crds", "tests"]

# Headers, and for each a translation unit that uses all of it.
UNITS = {
    "controller/kube/watch/store.h": "tests/unit/kube/store_test.cpp",
    "controller/runtime/runner.h": "tests/unit/runtime/runner_test.cpp",
    "controller/runtime/work_queue.h": "tests/unit/runtime/work_queue_test.cpp",
}
FILES = [
    *sorted(str(path.relative_to(PROJECT)) for path in
            (PROJECT / "controller" / "reconcile").glob("*.cpp")),
    "controller/kube/watch/store.h", "controller/kube/watch/store.cpp",
    "controller/kube/watch/watcher.h", "controller/kube/watch/watcher.cpp",
    "controller/kube/leader_election.h", "controller/kube/leader_election.cpp",
    "controller/runtime/work_queue.h", "controller/runtime/work_queue.cpp",
    "controller/runtime/runner.h", "controller/runtime/runner.cpp",
    "controller/async/clock_alarm.cpp",
]
TARGETS = ["unit_reconcile", "unit_kube", "unit_runtime", "unit_operator", "simulate"]
LAYERS = ["reconcile", "kube", "runtime", "operator"]
NUMBERS_OF_A_FILE = 10000  # so that a change in one file does not change the numbers in others
ROUNDS = 12                # of compiling and leaving out what does not compile

# Undefined behaviour, such as the value of an empty optional, must kill a mutant.
STRICT = "-D_GLIBCXX_ASSERTIONS"
# Compiling takes longer than running, except for the many golden cases.
CMAKE = """
set_source_files_properties({pure} PROPERTIES COMPILE_OPTIONS "-O1;-w;{strict}")
set_source_files_properties({others} PROPERTIES COMPILE_OPTIONS "-O0;-w;{strict}")
target_compile_options(unit_reconcile PRIVATE -O1 -w {strict})
foreach(name operator unit_kube unit_runtime unit_operator)
  target_compile_options(${{name}} PRIVATE -O0 -w {strict})
endforeach()
"""

begin = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - begin:5.0f}s] {text}", flush=True)


def write(path, text):
    """Writes the file unless its text is the same, so that little is rebuilt."""
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def copy_tree():
    """Updates the copy, except for the files with mutants."""
    listed = subprocess.run(["git", "-C", PROJECT, "ls-files", "-co", "--exclude-standard", *PARTS],
                            check=True, capture_output=True, text=True).stdout.splitlines()
    wanted = {name for name in listed if (PROJECT / name).is_file()}
    own = {f"tests/unit/{layer}/mutants_listener.cpp" for layer in LAYERS}
    own |= {"controller/base/mutants_switch.cpp", "CMakeLists.txt"}
    for path in sorted((TREE / "controller").rglob("*")) + sorted((TREE / "tests").rglob("*")):
        if path.is_file() and str(path.relative_to(TREE)) not in wanted | own:
            path.unlink()
    for name in wanted - set(FILES) - {"CMakeLists.txt"}:
        target = TREE / name
        if target.exists() and filecmp.cmp(PROJECT / name, target, shallow=False):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, target)
    include = f'#include "{HERE}/mutants.h"'
    switch = (HERE / "switch.cpp").read_text().replace('#include "mutants.h"', include)
    write(TREE / "controller/base/mutants_switch.cpp", switch)
    listener = (HERE / "listener.cpp").read_text().replace('#include "mutants.h"', include)
    for layer in LAYERS:
        write(TREE / f"tests/unit/{layer}/mutants_listener.cpp", listener)
    pure = [name for name in FILES if "/reconcile/" in name]
    others = [name for name in FILES if name.endswith(".cpp") and name not in pure]
    options = CMAKE.format(strict=STRICT, pure=" ".join(pure), others=" ".join(others))
    write(TREE / "CMakeLists.txt", (PROJECT / "CMakeLists.txt").read_text() + options)


def environment():
    return {**os.environ, "CCACHE_BASEDIR": str(TREE), "CCACHE_NOHASHDIR": "1",
            "CCACHE_COMPILERCHECK": "content"}


def mutants_of(name, first):
    """Returns the Source of that name. It is cached until the file or mutate.py changes."""
    state = hashlib.sha256((PROJECT / name).read_bytes() + (HERE / "mutate.py").read_bytes())
    memory = HOME / "sources" / f"{name.replace('/', '.')}.{first}.{state.hexdigest()[:16]}"
    if memory.exists():
        return pickle.loads(memory.read_bytes())
    say(f"looking for mutants in {name}")
    source = mutate.Source(PROJECT, name, UNITS.get(name, name.replace(".h", ".cpp")), first)
    memory.parent.mkdir(parents=True, exist_ok=True)
    memory.write_bytes(pickle.dumps(source))
    return source


class Mutated:
    """Mutated has all files with their mutants. It remembers which mutants do not compile."""

    def __init__(self, names):
        self.sources, self.excluded = {}, {}
        memory = HOME / "excluded.json"
        known = json.loads(memory.read_text()) if memory.exists() else {}
        for index, name in enumerate(names):
            source = mutants_of(name, NUMBERS_OF_A_FILE * (index + 1))
            self.sources[name] = source
            if not (TREE / name).exists():
                shutil.copy(PROJECT / name, TREE / name)
            keys = set(known.get(name, []))
            self.excluded[name] = {mutant.number for mutant in source.mutants
                                   if mutant.key() in keys}

    def mutants(self):
        return [mutant for name, source in self.sources.items() for mutant in source.mutants
                if mutant.number not in self.excluded[name]]

    def is_written(self, name):
        path = TREE / name
        return path.exists() and path.read_text() == self.sources[name].render(self.excluded[name])

    def write(self, name):
        write(TREE / name, self.sources[name].render(self.excluded[name]))

    def remember(self):
        write(HOME / "excluded.json", json.dumps(
            {name: sorted(mutant.key() for mutant in source.mutants
                          if mutant.number in self.excluded[name])
             for name, source in self.sources.items()}, indent=1))

    def exclude(self, name, lines):
        found = mutate.numbers_at((TREE / name).read_text(), lines) - self.excluded[name]
        self.excluded[name] |= found
        return len(found)

    def check(self, name):
        """Leaves out mutants that clang rejects."""
        if self.is_written(name):
            return
        for _ in range(ROUNDS):
            self.write(name)
            unit = mutate.parse(TREE, self.sources[name].unit)  # keeps the errors alive
            errors = [error for error in unit.diagnostics if error.severity >= 3]
            lines = {error.location.line for error in errors if error.location.file
                     and error.location.file.name == str(TREE / name)}
            if not errors:
                return
            left_out = self.exclude(name, lines)
            say(f"{left_out} mutants of {name} do not compile")
            if not left_out:
                break
        sys.exit(f"{name} does not compile, whatever is left out:\n"
                 + "\n".join(str(error) for error in errors[:5]))

    def build(self):
        """Builds, and leaves out mutants that the compiler rejects."""
        if not (BINARIES / "build.ninja").exists():
            # Most sources get other options than the precompiled headers.
            subprocess.run(["cmake", "--preset", "release", "-DPRECOMPILED_HEADERS=OFF"], cwd=TREE,
                           env=environment(), check=True, stdout=subprocess.DEVNULL)
        for _ in range(ROUNDS):
            command = ["ninja", "-C", str(BINARIES), "-j1", "-k0", *TARGETS]
            with (HOME / "build.log").open("w") as log:
                code = subprocess.run(command, env=environment(), check=False, stdout=log,
                                      stderr=subprocess.STDOUT).returncode
            if code == 0:
                return
            left_out = 0
            text = (HOME / "build.log").read_text()
            for name in self.sources:
                pattern = re.compile(re.escape(name) + r":(\d+):\d+: (?:fatal )?error")
                lines = {int(line) for line in pattern.findall(text)}
                left_out += self.exclude(name, lines)
                self.write(name)
            say(f"{left_out} more do not compile")
            if not left_out:
                sys.exit(f"the mutants do not compile:\n{text[-3000:]}")
