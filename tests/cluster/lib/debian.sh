# shellcheck shell=bash
# Finds the Debian sources of this machine's apt, for debootstrap and the images. Sourced after
# common.sh.

# known_sources: prints "URI SUITE" for each Debian source of apt, in whatever format it is
# configured.
known_sources() {
  apt-get indextargets --format "\$(REPO_URI) \$(RELEASE)" \
    'Created-By: Packages' 'Origin: Debian' 'Component: main' |
    grep -E " $DEBIAN_SUITE(-updates|-security)?$" | awk '!seen[$0]++'
}

# real_uri URI: prints the first URI of a list of mirrors. apt reads such lists, debootstrap does
# not.
real_uri() {
  if [[ $1 == mirror+file:* ]]; then
    head -n 1 "${1#mirror+file:}" | cut -f 1
  else
    echo "$1"
  fi
}

# debian_sources: prints the lines of a sources.list.
debian_sources() {
  local uri suite sources
  if [[ -n ${LOCAL_REGISTRY_DEBIAN_MIRROR:-} ]]; then
    uri=${LOCAL_REGISTRY_DEBIAN_MIRROR%/}
    printf 'deb %s %s main\n' "$uri" "$DEBIAN_SUITE" "$uri" "$DEBIAN_SUITE-updates" \
      "${uri%/debian}/debian-security" "$DEBIAN_SUITE-security"
    return
  fi
  sources=$(known_sources) || { apt-get -q update >&2 && sources=$(known_sources); } ||
    die "apt knows no source of Debian $DEBIAN_SUITE; set LOCAL_REGISTRY_DEBIAN_MIRROR"
  while read -r uri suite; do
    echo "deb $(real_uri "$uri") $suite main"
  done <<<"$sources"
}

# debian_mirror: prints the first source that has the suite itself, for debootstrap.
debian_mirror() {
  debian_sources | awk -v suite="$DEBIAN_SUITE" '$3 == suite {print $2; exit}'
}
