#!/usr/bin/env bash
# Builds the images of the tests as OCI archives in the cache, without a Docker engine. Needs root.
#   images.sh [pause|busybox|registry|buildkit|debian|operator]...      without arguments: all
# All except the operator's image are built again only when their sources change.
set -euo pipefail
source "$(dirname "$0")/lib/common.sh"
source "$(dirname "$0")/lib/debian.sh"

PARTS="$CLUSTER_SOURCE/images"
PROJECT="$(cd "$CLUSTER_SOURCE/../.." && pwd)"
OUT="$CACHE/images"
STORAGE_LIMIT_MB=8192
ALL=(pause busybox registry buildkit debian operator)

image_name() {
  case $1 in
    pause) echo registry.k8s.io/pause:3.9 ;;
    busybox) echo docker.io/library/busybox:1.36 ;;
    registry) echo docker.io/library/registry:2.8.1 ;;
    buildkit) echo docker.io/moby/buildkit:master-rootless ;;
    debian) echo "docker.io/library/debian:$DEBIAN_SUITE-slim" ;;
    operator) echo localhost/local-registry-operator:dev ;;
    *) die "images.sh knows ${ALL[*]}, not '$1'" ;;
  esac
}

# make_key IMAGE: prints a digest of everything that the image is made of.
make_key() {
  {
    declare -f "make_$1" add_busybox copy_programs pack
    cat "$PARTS"/* "$CLUSTER_SOURCE/lib/versions.sh"
    dpkg-query -W -f '${Package} ${Version}\n' libc6 busybox-static docker-registry runc \
      rootlesskit uidmap ca-certificates debootstrap
    echo "$1"
    [[ $1 != debian ]] || debian_sources
  } | sha256sum | cut -d ' ' -f 1
}

# copy_programs ROOT PROGRAM...: copies programs of this machine and their libraries into ROOT.
copy_programs() {
  local root=$1 program library
  shift
  mkdir -p "$root/bin"
  for program in "$@"; do
    cp -L --preserve=mode "$program" "$root/bin/"
    for library in $(ldd "$program" 2>/dev/null | grep -o '/[^ ]*' || true); do
      mkdir -p "$root$(dirname "$library")"
      cp -L --preserve=mode "$library" "$root$library"
    done
  done
}

# add_busybox ROOT: adds a shell, the small tools, users and /tmp.
add_busybox() {
  local root=$1 applet
  mkdir -p "$root"/{bin,etc,tmp,root,home,proc,sys,dev,run,var}
  chmod 1777 "$root/tmp"
  cp "$(command -v busybox)" "$root/bin/busybox"
  for applet in $(busybox --list); do
    [[ -e $root/bin/$applet ]] || ln -s busybox "$root/bin/$applet"
  done
  printf '%s\n' root:x:0:0:root:/root:/bin/sh user:x:1000:1000:user:/home/user:/bin/sh \
    nobody:x:65534:65534:nobody:/:/bin/false >"$root/etc/passwd"
  printf '%s\n' root:x:0: user:x:1000: nogroup:x:65534: >"$root/etc/group"
}

# pack IMAGE CONFIG ROOT: packs the archive. Equal files give equal archives; file capabilities are
# kept.
pack() {
  local layer="$3.layer.tar"
  tar --create --file "$layer" --directory "$3" --sort=name --mtime=@0 --numeric-owner \
    --format=pax --pax-option=exthdr.name=%d/%f,delete=atime,delete=ctime \
    --xattrs --xattrs-include=security.capability .
  python3 "$PARTS/oci.py" "$OUT/$1.tar" "$(image_name "$1")" "$2" "$layer"
}

make_pause() {
  mkdir -p "$1"
  gcc -Os -static -s -Wall -Werror -o "$1/pause" "$PARTS/pause.c"
  pack pause '{"Entrypoint": ["/pause"], "User": "65535:65535"}' "$1"
}

make_busybox() {
  add_busybox "$1"
  pack busybox '{"Cmd": ["sh"], "Env": ["PATH=/bin"]}' "$1"
}

make_registry() {
  add_busybox "$1"
  copy_programs "$1" /usr/bin/docker-registry
  mv "$1/bin/docker-registry" "$1/bin/registry"
  mkdir -p "$1/etc/docker/registry" "$1/var/lib/registry" "$1/etc/ssl/certs"
  cp "$PARTS/registry.yml" "$1/etc/docker/registry/config.yml"
  cp "$PARTS/registry-entrypoint.sh" "$1/entrypoint.sh"
  pack registry '{"Entrypoint": ["/entrypoint.sh"], "Cmd": ["/etc/docker/registry/config.yml"],
    "Env": ["PATH=/bin"], "ExposedPorts": {"5000/tcp": {}}, "Volumes": {"/var/lib/registry": {}}}' \
    "$1"
}

# In a pod, newuidmap and newgidmap need file capabilities; with a setuid bit they fail there.
make_buildkit() {
  local program
  "$CLUSTER_SOURCE/tools.sh" buildctl buildkitd
  add_busybox "$1"
  copy_programs "$1" /usr/sbin/runc /usr/bin/rootlesskit /usr/bin/newuidmap /usr/bin/newgidmap \
    "$(tool_path buildkitd)" "$(tool_path buildctl)"
  chmod 755 "$1"/bin/new?idmap
  setcap cap_setuid=ep "$1/bin/newuidmap"
  setcap cap_setgid=ep "$1/bin/newgidmap"
  echo user:100000:65536 | tee "$1/etc/subuid" >"$1/etc/subgid"
  mkdir -p "$1/etc/ssl/certs" "$1"/home/user/.local/{tmp,share/buildkit} "$1/run/user/1000/buildkit"
  cp -L /usr/share/ca-certificates/mozilla/*.crt "$1/etc/ssl/certs/"
  chown -R 1000:1000 "$1/home/user" "$1/run/user/1000"
  chmod 700 "$1/run/user/1000"
  pack buildkit '{"Entrypoint": ["rootlesskit", "buildkitd"], "User": "1000:1000", "Env": [
    "PATH=/bin", "USER=user", "HOME=/home/user", "XDG_RUNTIME_DIR=/run/user/1000",
    "TMPDIR=/home/user/.local/tmp",
    "BUILDKIT_HOST=unix:///run/user/1000/buildkit/buildkitd.sock"],
    "Volumes": {"/home/user/.local/share/buildkit": {}}}' "$1"
}

make_debian() {
  debootstrap --variant=minbase --include=ca-certificates "$DEBIAN_SUITE" "$1" "$(debian_mirror)"
  debian_sources >"$1/etc/apt/sources.list"
  find "${1:?}"/{dev,var/log,var/cache/apt,var/lib/apt/lists,usr/share/{man,locale}} \
    -mindepth 1 -delete
  find "${1:?}/usr/share/doc" -type f ! -name copyright -delete
  pack debian '{"Cmd": ["bash"], "Env": [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}' "$1"
  in_storage pull "oci-archive:$OUT/debian.tar"
}

in_storage() {
  local command=$1
  shift
  buildah --root "$CACHE/containers/storage" --runroot "$CACHE/containers/run" "$command" "$@"
}

# tidy_storage: removes the remains of failed builds, and all layers once they exceed
# STORAGE_LIMIT_MB.
tidy_storage() {
  local megabytes
  in_storage rm --all >/dev/null
  megabytes=$(du -sm "$CACHE/containers/storage" | cut -f 1)
  ((megabytes < STORAGE_LIMIT_MB)) || in_storage rmi --all --force
  in_storage inspect --type image "$(image_name debian)" >/dev/null 2>&1 ||
    in_storage pull "oci-archive:$OUT/debian.tar"
}

# build_operator: builds the project's own Dockerfile, with the base image and packages from here,
# so that nothing is pulled. /ccache outlives a build.
build_operator() {
  mkdir -p "$CACHE/ccache"
  tidy_storage
  in_storage bud --isolation chroot --pull-never --layers --volume "$CACHE/ccache:/ccache" \
    --build-arg "BASE=$(image_name debian)" --build-arg SNAPSHOT= \
    --tag "$(image_name operator)" --file "$PROJECT/Dockerfile" "$PROJECT"
  rm -f "$OUT/operator.part"
  in_storage push "$(image_name operator)" "oci-archive:$OUT/operator.part:$(image_name operator)"
  mv "$OUT/operator.part" "$OUT/operator.tar"
}

ensure() {
  local image=$1 key scratch
  key=$(make_key "$image")
  if [[ -f $OUT/$image.tar && "$(cat "$OUT/$image.key" 2>/dev/null)" == "$key" ]]; then
    return
  fi
  scratch=$(new_scratch)
  rm -f "$OUT/$image.key"
  quietly "making the image $(image_name "$image")" "$scratch/log" "make_$image" "$scratch/root"
  echo "$key" >"$OUT/$image.key"
  rm -rf --one-file-system "$scratch"
}

ensure_operator() {
  ensure debian
  quietly "building the image $(image_name operator)" "$CACHE/operator-image.log" build_operator
}

main() {
  local image
  (($#)) || set -- "${ALL[@]}"
  for image in "$@"; do
    image_name "$image" >/dev/null
  done
  ((EUID == 0)) || die "images are made by root: debootstrap and buildah need it here"
  mkdir -p "$OUT"
  for image in "$@"; do
    case $image in
      operator) locked images ensure_operator ;;
      *) locked images ensure "$image" ;;
    esac
  done
}

main "$@"
