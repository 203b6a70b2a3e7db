#!/usr/bin/env bash
# Installs missing Debian packages. Their services are not started.
#   packages.sh [build|check|test|fuzz|cluster|mutants|all]...      without arguments: all
set -euo pipefail
source "$(dirname "$0")/lib/common.sh"

BUILD=(g++ cmake ninja-build ccache pkg-config libboost1.81-dev libboost-url1.81-dev libssl-dev
  rapidjson-dev libyaml-cpp-dev libyaml-dev liblz4-dev prometheus-cpp-dev libcli11-dev libspdlog-dev
  libfmt-dev libgtest-dev libgmock-dev)
CHECK=(clang-tidy clang-format shellcheck)
TEST=(python3-pytest python3-pytest-xdist python3-yaml prometheus etcd-server openssl python3 curl
  docker-registry skopeo)
# The oldest clang that compiles this C++20; clang 19 rejects Debian's RapidJSON.
FUZZ=(clang-16 libclang-rt-16-dev)
MUTANTS=(python3-clang-16) # large and used only by make mutants, so not in "all"
CLUSTER=(etcd-server openssl containerd runc containernetworking-plugins iptables nftables conntrack
  iproute2 socat ethtool procps util-linux python3 buildah skopeo debootstrap docker-registry uidmap
  rootlesskit libcap2-bin busybox-static gcc libc6-dev ca-certificates podman)

POLICY=/usr/sbin/policy-rc.d # Debian asks this program before it starts a service

is_installed() { [[ "$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null)" == *" installed" ]]; }

# go_package: prints Debian's Go if there is no Go at all. An old Go can fetch a newer one.
go_package() { command -v go >/dev/null || echo golang-go; }

wanted() {
  case $1 in
    build) printf '%s\n' "${BUILD[@]}" ;;
    check) printf '%s\n' "${CHECK[@]}" ;;
    test) printf '%s\n' "${TEST[@]}" && go_package ;;
    fuzz) printf '%s\n' "${FUZZ[@]}" ;;
    mutants) printf '%s\n' "${MUTANTS[@]}" ;;
    cluster) printf '%s\n' "${CLUSTER[@]}" && go_package ;;
    all) wanted build && wanted check && wanted test && wanted fuzz && wanted cluster ;;
    *) die "packages.sh knows build, check, test, fuzz, cluster, mutants and all, not '$1'" ;;
  esac
}

forbid_services() {
  [[ -e $POLICY ]] && return
  trap 'rm -f "$POLICY"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$POLICY"
  chmod 755 "$POLICY"
}

install_missing() ( # a subshell, whose trap always removes the policy again
  forbid_services
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update
  apt-get -q -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "$@"
)

main() {
  local group package names missing=()
  (($#)) || set -- all
  for group in "$@"; do
    names=$(wanted "$group")
    for package in $names; do
      is_installed "$package" || missing+=("$package")
    done
  done
  if ((${#missing[@]} == 0)); then
    say "packages: nothing is missing for $*"
    return
  fi
  ((EUID == 0)) || die "as root: apt-get install --no-install-recommends ${missing[*]}"
  mkdir -p "$CACHE"
  quietly "installing ${#missing[@]} packages" "$CACHE/packages.log" \
    locked packages install_missing "${missing[@]}"
}

main "$@"
