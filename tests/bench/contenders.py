"""The contenders of the benchmark: this operator, the minimal clients, and the peers.

The peers are the same operator in other languages, in a folder that the user names:
controller-runtime/ (Go) and kube-rs/ (Rust). The admission webhook in Go is in webhook/ here. Each
is built once, into the cache, under a digest of its sources.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = PROJECT / "build" / "release"
CACHE = pathlib.Path(os.environ.get("LOCAL_REGISTRY_CACHE",
                                    pathlib.Path.home() / ".cache/local-registry-operator"))
WORKERS = 8

GO_BUILD = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", "bin/operator", "."]
PEERS = {
    "go": ("controller-runtime", "bin/operator --tuned --workers {workers}", GO_BUILD),
    "rust": ("kube-rs", "target/release/localregistry-kube-rs --tuned --concurrency {workers}",
             ["cargo", "build", "--release"]),
}


def digest(folder):
    state = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            state.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return state.hexdigest()[:12]


def built(source, command, build):
    """Builds a peer unless it is built, and returns its command."""
    home = CACHE / "bench" / f"{source.name}-{digest(source)}"
    program = home / command.split()[0]
    if not program.exists():
        print(f"building {source.name}", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(source, home, copy_function=shutil.copyfile)
        subprocess.run(["chmod", "-R", "u+w", home], check=True)
        go = subprocess.run(["bash", "-c", f"source {PROJECT}/tests/cluster/lib/common.sh; "
                             f"source {PROJECT}/tests/cluster/lib/versions.sh; "
                             f"source {PROJECT}/tests/cluster/lib/go.sh; find_go"],
                            check=True, capture_output=True, text=True).stdout.strip()
        words = [go if build[0] == "go" else build[0], *build[1:]]
        subprocess.run(words, cwd=home, check=True,
                       env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"})
    return f"{home}/{command}"


def operators(peers, before=None):
    """Returns name -> command, in which {kubeconfig} is to be replaced. BEFORE is the program of an
    earlier build of this operator."""
    options = (f" --kubeconfig {{kubeconfig}} --max-concurrent-reconciles {WORKERS} "
               "--metrics-bind-address 127.0.0.1:0 --health-probe-bind-address 127.0.0.1:0 "
               "--webhook-bind-address 0")
    found = {"operator": f"{BINARIES}/local-registry-operator{options}"}
    if before:
        found["before"] = f"{before}{options}"
    for name, (folder, command, build) in PEERS.items() if peers else ():
        found[name] = built(peers / folder, command.format(workers=WORKERS), build)
    return found


def floors():
    """Returns name -> words of the command of the minimal clients."""
    floor = str(BINARIES / "bench_floor")
    return {"floor-create": [floor], "floor-apply": [floor, "--apply"]}


def webhook():
    """Returns the command of the admission webhook in Go, which is in this folder."""
    return built(pathlib.Path(__file__).resolve().parent / "webhook", "bin/operator", GO_BUILD)
