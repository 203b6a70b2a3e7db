# The commands for people. `make help` lists them; each target runs a script that also runs alone.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CACHE := $(or $(LOCAL_REGISTRY_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/local-registry-operator)
CLUSTER_NAME ?= dev
HARNESS := tests/cluster
PYTEST := /usr/bin/python3 -B -m pytest -p no:cacheprovider

# This build and the one in the Dockerfile share a compiler cache. For that, paths are relative to
# the root of the sources, and the compiler is identified by its content.
export CCACHE_DIR := $(CACHE)/ccache
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
export CCACHE_COMPILERCHECK := content

.PHONY: help
help: ## this list
	@echo "make TARGET, where TARGET is one of:"
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##
.PHONY: deps build debug
deps: ## install the missing Debian packages (root)
	@$(HARNESS)/packages.sh

build: ## the two programs, in build/release
	@$(HARNESS)/packages.sh build
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target local-registry-operator kubectl-localregistry

debug: ## the same with the unit tests, without optimisation, in build/debug
	@cmake --preset debug >/dev/null
	@cmake --build --preset debug

.PHONY: test nightly check unit golden json asan tsan fuzz fuzz-fixed kubectl layers chart contract references rewrite registry push-speed
.PHONY: against-real simulate bugs mutants bench e2e memory quickstart
test: ## everything, with a summary; what needs root is skipped without it
	@command -v python3 >/dev/null || $(HARNESS)/packages.sh test
	@tests/all

nightly: ## what is too long for each change: more seeds, bugs, threads, new fuzz inputs (root, 3 h)
	@$(MAKE) unit golden
	@$(MAKE) simulate SEEDS=10000 EVERY=1
	@$(MAKE) bugs
	@$(MAKE) tsan
	@$(MAKE) fuzz FUZZ_SECONDS=300
	@$(MAKE) memory

.PHONY: unit-programs
unit-programs: build
	@cmake --build --preset release

unit: unit-programs ## unit tests
	@ctest --preset release --no-tests=error -j 2 -E Golden

check: layers style unit-programs ## what to run before a commit: no root and no cluster needed
	@ctest --preset release --no-tests=error -j 2
	@cmake --build --preset release --target simulate
	@build/release/simulate random --seeds 1000
	@$(HARNESS)/tools.sh helm kubectl
	@$(PYTEST) -q tests/chart/chart_test.py

json: build ## unit tests of JSON in the optimised program, where RapidJSON has other code
	@cmake --build --preset release --target unit_json
	@build/release/unit_json --gtest_brief=1

golden: unit-programs ## golden cases of what the operator decides
	@ctest --preset release --no-tests=error -j 2 -R Golden

asan: ## unit tests and golden cases under AddressSanitizer and UBSan
	@cmake --preset asan >/dev/null
	@cmake --build --preset asan
	@tests/unit/run build/asan

tsan: ## the same under ThreadSanitizer
	@cmake --preset tsan >/dev/null
	@cmake --build --preset tsan
	@tests/unit/run build/tsan

# For a long run: make fuzz FUZZ_SECONDS=600. The report is build/fuzz/report.txt.
fuzz: ## the parsers under libFuzzer with new seeds, a minute each, two at once
	@$(HARNESS)/packages.sh build fuzz
	@tests/fuzz/run $(or $(FUZZ_SECONDS),60)

fuzz-fixed: ## the same with a fixed number of inputs from one seed: the same verdict everywhere
	@$(HARNESS)/packages.sh build fuzz
	@tests/fuzz/run fixed

kubectl: build ## the plugin beside kubectl: both send the same to an API server
	@$(HARNESS)/tools.sh kubectl
	@tests/kubectl/run

layers: ## who includes whom
	@$(PYTEST) -q tests/layers

chart: build ## chart, plain manifests, CRD and `import`, against a real kube-apiserver
	@tests/chart/run

contract: build ## the Kubernetes client against a real kube-apiserver
	@cmake --build --preset release --target contract
	@tests/contract/run

references: build ## references to images, a million of them, against Docker's own Go module
	@cmake --build --preset release --target references
	@tests/references/run

rewrite: build ## rewriting of manifests against another YAML parser; 100 MB in little memory
	@cmake --build --preset release --target rewriter
	@$(PYTEST) -q tests/rewrite

registry: build ## push checks and pushes against Debian's docker-registry
	@cmake --build --preset release --target registry_probe
	@tests/registry/run

push-speed: build ## how fast 500 MB are pushed, beside skopeo
	@cmake --build --preset release --target registry_probe
	@tests/registry/speed

against-real: build ## the simulated API server and controllers against real ones
	@cmake --build --preset release --target against_real controllers_real
	@tests/sim/against_real/run
	@tests/sim/controllers_real/run

# All faults and more seeds: make simulate EVERY=1 SEEDS=10000.
EVERY ?= 6
SEEDS ?= 1000
simulate: build ## the operator in a simulated cluster where everything goes wrong
	@cmake --build --preset release --target simulate sim_server_test
	@build/release/sim_server_test --gtest_brief=1
	@build/release/simulate systematic --every $(EVERY)
	@build/release/simulate random --seeds $(SEEDS)
	@build/release/simulate replay --seeds $(shell expr $(SEEDS) / 10)

bugs: build ## bugs of other operators and of this one, put in one at a time: each is caught
	@tests/sim/bugs/run

# For one file: make mutants MUTANTS=plan.cpp. More options: tests/mutants/run --help.
mutants: ## the code changed in small ways, one at a time: do the tests see it? (hours)
	@$(HARNESS)/packages.sh build mutants
	@tests/mutants/run $(MUTANTS)

# To compare with the peers: make bench PEERS=FOLDER. More options: tests/bench/run --help.
bench: build ## memory, writes, CPU and latency, beside the least that a client can do (30 min)
	@cmake --build --preset release --target bench_floor bench_load
	@tests/bench/run $(if $(PEERS),--peers $(PEERS)) $(BENCH)

e2e: build ## end to end on a real node (root)
	@tests/e2e/run

memory: build ## the operator in a memory cgroup of 128 MiB against hostile objects (root, 6 min)
	@E2E_MEMORY=2 tests/e2e/run

quickstart: ## the README's commands, in a fresh clone (root)
	@tests/demo/quickstart

.PHONY: style tidy format
style: ## clang-format, shellcheck, lengths, names, words, what the README has to name
	@tests/style/run text documents format shell python
	@$(PYTEST) -q tests/style

tidy: build ## clang-tidy
	@tests/style/run tidy

format: ## let clang-format rewrite the sources
	@git ls-files --cached --others --exclude-standard -- '*.h' '*.cpp' | xargs clang-format -i

.PHONY: image cluster-up cluster-down demo demo-down clean
image: ## all images of the cluster, the operator's from the Dockerfile (root)
	@$(HARNESS)/packages.sh cluster
	@$(HARNESS)/images.sh

cluster-up: ## a Kubernetes of one node, called CLUSTER_NAME (root)
	@$(HARNESS)/packages.sh test cluster
	@$(HARNESS)/tools.sh
	@$(HARNESS)/cluster --name $(CLUSTER_NAME) up

cluster-down: ## remove it
	@$(HARNESS)/cluster --name $(CLUSTER_NAME) down

demo: ## from nothing to an image that a Pod runs; CLUSTER=existing: in the cluster of KUBECONFIG
	@tests/demo/up

demo-down: ## remove what the demo made
	@tests/demo/down

clean: ## remove build/ (the cache of tools, images and ccache stays)
	@rm -rf build
