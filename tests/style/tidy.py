#!/usr/bin/env python3
"""Runs clang-tidy over controller/ on all cores.

    tidy.py COMMANDS BUILD    the folders with compile_commands.json, without precompiled headers,
                              and with Ninja's record of the headers of each source

Most of the time goes into the headers of libraries, so a few sources of one folder are read
together, as one that includes them. Sources that cannot be joined, since both have a helper of one
name, are read alone. What was clean is not read again, in any clone, while its text, headers,
command and configuration stay the same.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time

PROJECT = pathlib.Path(__file__).parents[2]
CACHE = pathlib.Path(os.environ.get("LOCAL_REGISTRY_CACHE") or pathlib.Path(
    os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    / "local-registry-operator")
STAMPS = CACHE / "tidy"
PROGRESS_SECONDS = 20
JOINED = 8                  # sources read together
SOURCES = "/controller/"    # where findings count


def headers(build):
    """Returns source → the files that its object was compiled from, as Ninja recorded them. An
    object may have several sources. Files that the build itself made are left out."""
    output = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True,
                            text=True, check=False).stdout
    found = {}
    for record in output.split("\n\n"):
        files = {(build / line.strip()).resolve() for line in record.splitlines()[1:]}
        files = {file for file in files if not file.is_relative_to(build)}
        found.update((file, files) for file in files if file.suffix == ".cpp")
    return found


def options(command):
    """Returns what the compiler needs to know, without its name, the source and the output."""
    return command["command"].split(" -o ")[0].split(" ", 1)[1].replace(f"{PROJECT}", ".")


def groups(commands):
    """Returns sources of one top folder with the same options, at most JOINED of them together."""
    alike = {}
    for command in sorted(commands, key=lambda one: one["file"]):
        folder = pathlib.Path(command["file"]).relative_to(PROJECT / "controller").parts[0]
        alike.setdefault((folder, options(command)), []).append(command)
    for joined in alike.values():
        count = -(-len(joined) // JOINED)
        size = -(-len(joined) // count)
        yield from (joined[start:start + size] for start in range(0, len(joined), size))


class Tidy:
    """What all runs share: the folder for joined sources, the known headers, the configuration."""

    def __init__(self, folder, build):
        self.folder = folder / "joined"
        self.known = headers(build)
        version = subprocess.run(["clang-tidy", "--version"], capture_output=True,
                                 check=True).stdout
        self.common = version + (PROJECT / ".clang-tidy").read_bytes() + \
            pathlib.Path(__file__).read_bytes()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        STAMPS.mkdir(parents=True, exist_ok=True)

    def stamp(self, commands):
        """Returns the file that says these were clean together, or None if the headers of one are
        unknown."""
        digest = hashlib.sha256(self.common + options(commands[0]).encode())
        for command in commands:
            dependencies = self.known.get(pathlib.Path(command["file"]))
            if not dependencies:
                return None
            for path in sorted(dependencies):
                if path.is_relative_to(PROJECT):
                    digest.update(str(path.relative_to(PROJECT)).encode() + path.read_bytes())
                else:
                    digest.update(str(path).encode())
        return STAMPS / digest.hexdigest()

    def read(self, commands):
        """Returns the exit code and the output of clang-tidy for these sources together."""
        source = commands[0]["file"]
        if len(commands) > 1:
            name = hashlib.sha256(source.encode()).hexdigest()[:16]
            source = self.folder / f"{name}.cpp"
            source.write_text("".join(
                f'#include "{command["file"]}" // NOLINT(bugprone-suspicious-include)\n'
                for command in commands))
        run = subprocess.run(["clang-tidy", "--quiet", f"--header-filter={SOURCES}", str(source),
                              "--", *shlex.split(options(commands[0])),
                              "-Wno-unknown-warning-option"],
                             capture_output=True, text=True, check=False, cwd=PROJECT)
        return run.returncode, run.stdout if run.stdout.strip() else run.stderr

    def check(self, commands):
        """Returns what clang-tidy found in these sources, empty if nothing."""
        stamp = self.stamp(commands)
        if stamp and stamp.exists():
            return ""
        code, output = self.read(commands)
        if code and len(commands) > 1:
            return self.divided(commands, stamp, output)
        if code == 0 and stamp:
            stamp.touch()
        return output or "clang-tidy failed without a word" if code else ""

    def divided(self, commands, stamp, output):
        """Reads the sources alone that clang-tidy named, and the others together once more."""
        alone = [command for command in commands if command["file"] in output] or commands
        rest = [command for command in commands if command not in alone]
        found = [self.check([command]) for command in alone]
        if rest:
            found.append(self.check(rest))
        if stamp and not any(found):
            stamp.touch()
        return "\n".join(filter(None, found))


def main():
    folder, build = (pathlib.Path(name).resolve() for name in sys.argv[1:])
    commands = [command for command in json.loads((folder / "compile_commands.json").read_text())
                if command["file"].startswith(f"{PROJECT}/controller/")]
    tidy, start, done, failed = Tidy(folder, build), time.monotonic(), 0, 0
    said = start
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(tidy.check, group): len(group) for group in groups(commands)}
        for job in concurrent.futures.as_completed(jobs):
            done += jobs[job]
            if job.result():
                failed += 1
                print(job.result())
            if time.monotonic() - said > PROGRESS_SECONDS:
                said = time.monotonic()
                print(f"tidy: {done} of {len(commands)} files", flush=True)
    seconds = round(time.monotonic() - start)
    print(f"tidy: {len(commands)} files, {failed} groups with problems, {seconds} s")
    return 1 if failed or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
