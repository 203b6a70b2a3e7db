# shellcheck shell=bash disable=SC2034
# The versions that the test cluster is made of. Changing one rebuilds what depends on it.
readonly KUBERNETES_VERSION=v1.34.4
readonly HELM_VERSION=v3.21.4
readonly BUILDKIT_VERSION=v0.26.3
readonly COREDNS_VERSION=v1.12.4
readonly ETCD_VERSION=v3.6.16      # for make bench: Debian's cannot stream lists
readonly KIND_VERSION=v0.33.0      # no cluster of it is made: the plugin is held to its flags
readonly GO_MINIMUM=1.26       # what the most demanding tool, helm, asks for
readonly GO_BOOTSTRAP=1.26.0   # fetched when the own Go of the machine is older
readonly DEBIAN_SUITE=bookworm
