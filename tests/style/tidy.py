#!/usr/bin/env python3
"""Runs clang-tidy over controller/ on all cores. It skips a file if an earlier clean run, in any
clone, had the same text, headers, command and configuration.

    tidy.py COMMANDS BUILD    the folders with compile_commands.json, without precompiled headers,
                              and with Ninja's record of the headers of each source
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

PROJECT = pathlib.Path(__file__).parents[2]
CACHE = pathlib.Path(os.environ.get("LOCAL_REGISTRY_CACHE") or pathlib.Path(
    os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    / "local-registry-operator")
STAMPS = CACHE / "tidy"
PROGRESS_SECONDS = 20


def headers(build):
    """Returns object file → the files that it was compiled from, as Ninja recorded them. Those that
    the build itself made, its precompiled headers, are left out."""
    output = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True,
                            text=True, check=False).stdout
    found, current = {}, None
    for line in output.splitlines():
        if line and not line.startswith(" "):
            current = found.setdefault(line.split(":")[0], [])
        elif line and "/cmake_pch.hxx" not in line:
            current.append(line.strip())
    return found


def key(command, dependencies, common):
    """Returns the key of a clean run, or None if the file's includes are unknown."""
    if not dependencies:
        return None
    digest = hashlib.sha256(common + command["command"].replace(f"{PROJECT}", ".").encode())
    for name in sorted(dependencies):
        path = (pathlib.Path(command["directory"]) / name).resolve()
        if path.is_relative_to(PROJECT):
            digest.update(str(path.relative_to(PROJECT)).encode() + path.read_bytes())
        else:
            digest.update(str(path).encode())
    return digest.hexdigest()


def check(build, path, stamp):
    if stamp and (STAMPS / stamp).exists():
        return True, ""
    run = subprocess.run(["clang-tidy", "-p", str(build), "--quiet",
                          "--extra-arg=-Wno-unknown-warning-option", path], capture_output=True,
                         text=True, check=False)
    if run.returncode == 0 and stamp:
        (STAMPS / stamp).touch()
    return run.returncode == 0, run.stdout if run.stdout.strip() else run.stderr


def main():
    folder, build = (pathlib.Path(name).resolve() for name in sys.argv[1:])
    commands = [command for command in json.loads((folder / "compile_commands.json").read_text())
                if command["file"].startswith(f"{PROJECT}/controller/")]
    STAMPS.mkdir(parents=True, exist_ok=True)
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    common, known = version + (PROJECT / ".clang-tidy").read_bytes(), headers(build)
    start = said = time.monotonic()
    failed = done = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = []
        for command in commands:
            made = re.search(r" -o (\S+)", command["command"])[1]
            stamp = key(command, known.get(made, []), common)
            jobs.append(pool.submit(check, folder, command["file"], stamp))
        for job in concurrent.futures.as_completed(jobs):
            clean, output = job.result()
            done += 1
            if not clean:
                failed += 1
                print(output)
            if time.monotonic() - said > PROGRESS_SECONDS:
                said = time.monotonic()
                print(f"tidy: {done} of {len(jobs)} files", flush=True)
    seconds = round(time.monotonic() - start)
    print(f"tidy: {len(jobs)} files, {failed} with problems, {seconds} s")
    return 1 if failed or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
