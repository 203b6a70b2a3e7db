# shellcheck shell=bash
# Finds a Go that can build the tools, or fetches one as a Go module. Sourced after common.sh.

at_least() { [[ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" == "$1" ]]; }

# find_go: prints the path of a go program that is new enough.
find_go() {
  local own version
  own=$(command -v go || echo /usr/lib/go/bin/go)
  [[ -x $own ]] || die "no Go: run packages.sh test"
  version=$(GOTOOLCHAIN=local "$own" env GOVERSION)
  if at_least "$GO_MINIMUM" "${version#go}"; then
    echo "$own"
  else
    locked go bootstrap_go "$own"
  fi
}

# bootstrap_go OLD_GO: prints the path of a newer go. Its toolchain is a Go module, which an old Go
# can download.
bootstrap_go() (
  local old=$1 module scratch
  local home="$CACHE/tools/go-$GO_BOOTSTRAP"
  module="golang.org/toolchain@v0.0.1-go$GO_BOOTSTRAP.$("$old" env GOOS)-$("$old" env GOARCH)"
  if [[ ! -x $home/bin/go ]]; then
    scratch=$(new_scratch)
    say "fetching Go $GO_BOOTSTRAP as a module"
    mkdir -p "$(dirname "$home")"
    cd "$scratch" || exit 1 # outside of any go.mod, which an old Go might not understand
    GOPATH=$scratch GOMODCACHE=$scratch/mod GOFLAGS=-modcacherw "$old" mod download "$module" >&2
    chmod -R u+x "$scratch/mod/$module/bin" "$scratch/mod/$module/pkg/tool"
    mv "$scratch/mod/$module" "$home"
    rm -rf "$scratch"
  fi
  echo "$home/bin/go"
)
