#!/usr/bin/env bash
# Builds the Go programs of the test cluster once, into the cache outside of the source tree.
#   tools.sh [TOOL...]      without arguments: all except etcd, which only make bench needs
set -euo pipefail
source "$(dirname "$0")/lib/common.sh"
source "$(dirname "$0")/lib/go.sh"

ALL=(kube-apiserver kubectl kube-controller-manager kube-scheduler kubelet kube-proxy coredns
  helm buildctl buildkitd kind)

# tool_source TOOL: prints its Go module, and its package in the module.
tool_source() {
  case $1 in
    kube*) echo k8s.io/kubernetes "/cmd/$1" ;;
    coredns) echo github.com/coredns/coredns ;;
    etcd) echo go.etcd.io/etcd/server/v3 ;;
    helm) echo helm.sh/helm/v3 /cmd/helm ;;
    kind) echo sigs.k8s.io/kind ;;
    build*) echo github.com/moby/buildkit "/cmd/$1" ;;
  esac
}

# link_flags TOOL: prints linker flags that set the program's version.
link_flags() {
  local version
  version=$(tool_version "$1")
  case $1 in
    kube*)
      local at=k8s.io/component-base/version parts
      IFS=. read -r -a parts <<<"${version#v}"
      echo "-s -w -X $at.gitVersion=$version -X $at.gitMajor=${parts[0]}" \
        "-X $at.gitMinor=${parts[1]}"
      ;;
    coredns | etcd | kind) echo "-s -w" ;;
    helm) echo "-s -w -X helm.sh/helm/v3/internal/version.version=$version" ;;
    build*) echo "-s -w -X github.com/moby/buildkit/version.Version=$version" ;;
  esac
}

# write_module MODULE VERSION: makes a module in the current folder that depends on MODULE alone.
# Kubernetes requires its own parts as v0.0.0, so each is replaced by its released version.
write_module() {
  local module=$1 version=$2 theirs part
  theirs=$("$GO" mod download -json "$module@$version" | sed -n 's/^\t"GoMod": "\(.*\)",$/\1/p')
  "$GO" mod init tools.invalid/build
  "$GO" mod edit -go="$(sed -n 's/^go //p' "$theirs")" -require="$module@$version"
  sed -n 's/^\t\(k8s.io\/[^ ]*\) v0\.0\.0$/\1/p' "$theirs" | while read -r part; do
    "$GO" mod edit -replace="$part=$part@v0${version#v1}"
  done
}

build() {
  local tool=$1 scratch=$2 module package
  read -r module package < <(tool_source "$tool")
  mkdir "$scratch/module" "$scratch/out"
  cd "$scratch/module"
  write_module "$module" "$(tool_version "$tool")"
  "$GO" build -mod=mod -trimpath -ldflags "$(link_flags "$tool")" -o "$scratch/out/$tool" \
    "$module$package"
}

# ensure TOOL: builds the program unless it exists. A rename makes it appear complete.
ensure() {
  local tool=$1 target scratch
  target=$(dirname "$(tool_path "$tool")")
  [[ -x $target/$tool ]] && return
  scratch=$(new_scratch)
  quietly "building $tool $(tool_version "$tool")" "$scratch/log" build "$tool" "$scratch"
  rm -rf "$target"
  mv "$scratch/out" "$target"
  rm -rf "$scratch"
}

main() {
  local tool
  (($#)) || set -- "${ALL[@]}"
  for tool in "$@"; do
    tool_version "$tool" >/dev/null
  done
  for tool in "$@"; do
    [[ -x $(tool_path "$tool") ]] || break
  done
  mkdir -p "$CACHE/tools"
  if [[ ! -x $(tool_path "$tool") ]]; then
    GO=$(find_go)
    export CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off
    export GOFLAGS="${GOFLAGS:-} -buildvcs=false"
    for tool in "$@"; do
      locked "tool-$tool" ensure "$tool"
    done
  fi
}

main "$@"
