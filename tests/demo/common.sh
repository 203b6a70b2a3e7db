# shellcheck shell=bash disable=SC2034
# Functions that up and down share: the cluster, the tools, and printing commands. Sourced.
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
PROJECT="$(cd "$HERE/../.." && pwd)"
HARNESS="$PROJECT/tests/cluster"
# shellcheck source=../cluster/lib/common.sh
source "$HARNESS/lib/common.sh"

CLUSTER="${CLUSTER:-own}"                  # own; or existing: the cluster of KUBECONFIG
DEMO_CLUSTER="${DEMO_CLUSTER:-demo}"       # name of the own cluster
OPERATOR_IMAGE="${OPERATOR_IMAGE:-localhost/local-registry-operator:dev}"
readonly OPERATOR_NAMESPACE=local-registry-system NAMESPACE=demo RELEASE=local-registry-operator

exec 3>&1 # headings and commands stay visible when a command's output is redirected
bold() { if [[ -t 3 ]]; then printf '\033[1m%s\033[0m\n' "$*"; else printf '%s\n' "$*"; fi >&3; }

# step TEXT: prints a heading with the seconds so far.
step() { echo >&3 && bold "[${SECONDS}s] $*"; }

# print CMD...: prints the command as a person would type it.
print() {
  local word line='$'
  for word in "$@"; do
    [[ $word =~ ^[A-Za-z0-9_./:=@%,+-]+$ ]] || word="'$word'"
    line+=" ${word#"$PROJECT/"}"
  done
  bold "$line"
}

# show CMD...: prints the command, then runs it.
show() { print "$@" && "$@"; }

# use_cluster: sets the environment to the cluster's kubeconfig and tools.
use_cluster() {
  local exports
  case $CLUSTER in
    own) exports=$("$HARNESS/cluster" --name "$DEMO_CLUSTER" env) && eval "$exports" ;;
    existing) use_tools ;;
    *) die "CLUSTER is own or existing, not '$CLUSTER'" ;;
  esac
}

# use_tools: takes missing tools from the cache.
use_tools() {
  local tool
  [[ -n ${KUBECONFIG:-} ]] || die "CLUSTER=existing needs KUBECONFIG"
  for tool in kubectl helm buildctl; do
    command -v "$tool" >/dev/null && continue
    "$HARNESS/tools.sh" "$tool"
    PATH="$(dirname "$(tool_path "$tool")"):$PATH"
  done
  for tool in skopeo busybox; do
    command -v "$tool" >/dev/null || die "$tool is missing: apt-get install skopeo busybox-static"
  done
}
