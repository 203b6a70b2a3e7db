#!/usr/bin/env bash
# Checks that the cluster can do what the tests need: run, store, push, pull, build, audit.
#   smoke.sh [--name NAME]
# In nftables mode node ports do not answer on localhost, so the check uses the node's address and
# pulls nothing.
set -euo pipefail
HERE="$(dirname "$(readlink -f "$0")")"
source "$HERE/lib/common.sh"

name=dev
while (($#)); do
  case $1 in
    --name) name=$2 && shift 2 ;;
    *) die "smoke.sh does not know '$1'" ;;
  esac
done
cluster() { "$HERE/cluster" --name "$name" "$@"; }
eval "$(cluster env)"

pod() { # pod NAME IMAGE COMMAND: runs a pod to its end and prints its output
  kubectl run "$1" --image "$2" --restart Never --quiet --image-pull-policy "${4:-IfNotPresent}" \
    --override-type strategic --overrides '{"spec": {"terminationGracePeriodSeconds": 0}}' \
    --command -- sh -c "$3" >/dev/null
  kubectl wait --for=jsonpath='{.status.phase}'=Succeeded "pod/$1" --timeout 40s >/dev/null ||
    { kubectl describe pod "$1" >&2 && die "pod $1 did not succeed"; }
  kubectl logs "$1"
}

clean() {
  kubectl delete namespace smoke --ignore-not-found --wait=true >/dev/null
  kubectl delete pod run name pull buildkit --ignore-not-found --grace-period 1 >/dev/null
}

registry() {
  local port host=localhost
  [[ $PROXY_MODE == iptables ]] || host=$NODE_ADDRESS
  kubectl apply -f "$HERE/smoke/registry.yaml" >/dev/null
  kubectl -n smoke rollout status deployment/registry --timeout 60s >/dev/null
  say "the registry is ready, on a claim of the default class, as uid 1000"
  port=$(kubectl -n smoke get service registry -o jsonpath='{.spec.ports[0].nodePort}')
  cluster exec -- skopeo copy --quiet --dest-tls-verify=false \
    "oci-archive:$CACHE/images/busybox.tar" "docker://$host:$port/org/project/image:dev"
  say "an image is pushed to $host:$port"
  pod name busybox:1.36 "wget -q -O /dev/null http://registry.smoke.svc:5001/v2/"
  say "a pod finds the registry by its name"
  [[ $host == localhost ]] || return 0
  [[ $(pod pull "localhost:$port/org/project/image:dev" "echo pulled" Always) == pulled ]]
  say "a pod runs the image from localhost:$port"
}

builder() {
  local folder
  folder=$(mktemp -d)
  kubectl apply -f "$HERE/smoke/buildkit.yaml" >/dev/null
  kubectl wait --for=condition=Ready pod/buildkit --timeout 60s >/dev/null
  say "rootless BuildKit is ready"
  cp "$(command -v busybox)" "$folder/busybox"
  printf '%s\n' 'FROM scratch' 'COPY busybox /bin/busybox' \
    'RUN ["/bin/busybox", "touch", "/made"]' >"$folder/Dockerfile"
  buildctl --addr "kube-pod://buildkit?namespace=default&container=buildkitd" build \
    --progress plain --frontend dockerfile.v0 --local context="$folder" \
    --local dockerfile="$folder" --output "type=oci,dest=$folder/out.tar" >"$folder/log" 2>&1 ||
    { cat "$folder/log" >&2 && die "the build failed"; }
  [[ -s $folder/out.tar ]]
  rm -rf "$folder"
  say "a Dockerfile with a RUN step is built in the cluster"
}

clean
[[ $(pod run busybox:1.36 "echo hello") == hello ]]
say "a pod runs"
registry
[[ ! -f $CACHE/images/buildkit.tar ]] || builder
grep -q '"verb":"create".*"resource":"deployments"' "$AUDIT_LOG"
say "the audit log names the writes"
clean
say "smoke test passed"
