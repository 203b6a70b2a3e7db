# shellcheck shell=bash
# Functions that all scripts here share: messages, the cache, locks. Sourced, never run.
# shellcheck source=versions.sh
source "$(dirname "${BASH_SOURCE[0]}")/versions.sh"

CLUSTER_SOURCE="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
CACHE="${LOCAL_REGISTRY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/local-registry-operator}"
readonly CLUSTER_SOURCE CACHE

# say TEXT: prints a line of progress to standard error, with the seconds since the script began.
say() { printf '[%4ds] %s\n' "$SECONDS" "$*" >&2; }

die() { say "error: $*"; exit 1; }

# quietly LABEL LOG CMD...: runs CMD with its output in LOG. Prints a line every 20 s, and the end
# of LOG after a failure.
quietly() {
  local label=$1 log=$2 start=$SECONDS worker next
  shift 2
  say "$label"
  "$@" >"$log" 2>&1 &
  worker=$!
  next=$((SECONDS + 20))
  while kill -0 "$worker" 2>/dev/null; do
    sleep 0.2
    if ((SECONDS >= next)); then
      say "$label: $((SECONDS - start)) s so far"
      next=$((SECONDS + 20))
    fi
  done
  if ! wait "$worker"; then
    tail -n 30 "$log" >&2
    die "$label failed after $((SECONDS - start)) s; the whole log is $log"
  fi
  say "$label: done in $((SECONDS - start)) s"
}

# locked NAME CMD...: runs CMD while no other script holds the cache's lock NAME (descriptor 9).
locked() {
  local lock="$CACHE/locks/$1"
  shift
  mkdir -p "$CACHE/locks"
  exec 9>"$lock"
  if ! flock --nonblock 9; then
    say "waiting for another run that holds $lock"
    flock 9
  fi
  "$@"
  exec 9>&-
}

# new_scratch: prints a new folder in the cache, from where a rename into place is atomic. After a
# failure the folder stays for a day, with the log.
new_scratch() {
  mkdir -p "$CACHE/scratch"
  find "$CACHE/scratch" -mindepth 1 -maxdepth 1 -mtime +0 \
    -exec rm -rf --one-file-system {} + || true
  mktemp -d "$CACHE/scratch/XXXXXX"
}

tool_version() {
  case $1 in
    kube*) echo "$KUBERNETES_VERSION" ;;
    coredns) echo "$COREDNS_VERSION" ;;
    etcd) echo "$ETCD_VERSION" ;;
    helm) echo "$HELM_VERSION" ;;
    kind) echo "$KIND_VERSION" ;;
    build*) echo "$BUILDKIT_VERSION" ;;
    *) die "no tool is called '$1'" ;;
  esac
}

# tool_path TOOL: prints where tools.sh puts the program.
tool_path() { echo "$CACHE/tools/$1-$(tool_version "$1")/$1"; }
