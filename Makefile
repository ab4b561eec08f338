# `make help` lists every target. Versions of tools are pinned here; versions of libraries in go.mod.
GOLANGCI_LINT_VERSION := v2.15.0
GOVULNCHECK_VERSION   := v1.8.0
GO_LICENSES_VERSION   := v1.6.0

VERSION      ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
KUBE_VERSION := $(shell awk '$$1 == "k8s.io/kubernetes" {print $$2; exit}' go.mod)
KUBE_MINOR   := $(word 2,$(subst ., ,$(KUBE_VERSION)))

BIN        := bin
CACHE      := .cache
TOOLS      := $(CURDIR)/$(CACHE)/tools
REPOSITORY := $(CACHE)/repository

export CGO_ENABLED ?= 0
export SLIPWAY_REPOSITORY ?= $(CURDIR)/$(REPOSITORY)
export SLIPWAY_MOTO       ?= $(CURDIR)/$(CACHE)/moto/bin/moto_server

COMPONENT_BASE := k8s.io/component-base/version
PLANE_LDFLAGS  := -X $(COMPONENT_BASE).gitVersion=$(KUBE_VERSION) -X $(COMPONENT_BASE).gitMajor=1 -X $(COMPONENT_BASE).gitMinor=$(KUBE_MINOR)
LDFLAGS        := -s -w -X main.version=$(VERSION)

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION) $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION) $(TOOLS)/go-licenses-$(GO_LICENSES_VERSION) moto ## Install the pinned tools and emulators into .cache
	go mod download

.PHONY: moto
moto: $(CACHE)/moto/installed ## Install the AWS emulator into .cache/moto

# Debian ships venv apart from Python.
$(CACHE)/moto/installed: e2e/moto/requirements.txt
	rm -rf $(CACHE)/moto
	python3 -c 'import ensurepip, venv' 2>/dev/null || apt-get install -y --no-install-recommends python3-venv
	python3 -m venv $(CACHE)/moto
	$(CACHE)/moto/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

$(TOOLS)/golangci-lint-%:
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$*
	@touch $@

$(TOOLS)/govulncheck-%:
	GOBIN=$(TOOLS) go install golang.org/x/vuln/cmd/govulncheck@$*
	@touch $@

$(TOOLS)/go-licenses-%:
	GOBIN=$(TOOLS) go install github.com/google/go-licenses@$*
	@touch $@

.PHONY: build
build: ## Build slipway and the programs it runs into bin/
	go build -ldflags '$(LDFLAGS)' -o $(BIN)/slipway ./cmd/slipway
	go build -ldflags '-s -w $(PLANE_LDFLAGS)' -o $(BIN)/slipway-plane ./cmd/slipway-plane
	go build -ldflags '-s -w' -o $(BIN)/slipway-sim ./cmd/slipway-sim
	go build -ldflags '-s -w' -o $(BIN)/slipway-capi ./cmd/slipway-capi

.PHONY: managers
managers: ## Build the upstream controllers into a clusterctl-style repository in .cache/repository
	go run -C e2e/managers/repository . -o $(CURDIR)/$(REPOSITORY)

# One cloud's controllers only: each takes minutes to build the first time.
.PHONY: managers-vsphere managers-aws managers-azure
managers-vsphere: CLOUD := capv
managers-aws: CLOUD := capa
managers-azure: CLOUD := capz aso
managers-vsphere managers-aws managers-azure:
	go run -C e2e/managers/repository . -o $(CURDIR)/$(REPOSITORY) capi $(CLOUD)

.PHONY: rehearse
rehearse: build managers-vsphere ## Run the whole life of a cluster against the simulated vCenter
	$(BIN)/slipway rehearse

.PHONY: rehearse-aws
rehearse-aws: build managers-aws moto ## The same against the simulated AWS, over three zones
	$(BIN)/slipway rehearse -i aws -c 3 -w 3

.PHONY: rehearse-azure
rehearse-azure: build managers-azure ## The same against the simulated Azure: AKS with a virtual node
	$(BIN)/slipway rehearse -i azure -w 4

.PHONY: rehearse-fleet
rehearse-fleet: build managers moto ## The example of a fleet over all three: one file, one apply
	$(BIN)/slipway rehearse -f docs/fleet.yaml

.PHONY: lint
lint: setup ## Check the code against the house style
	$(TOOLS)/golangci-lint run ./...

.PHONY: test
test: moto ## Run the quick tests: unit, golden, fuzz seeds and the plane tier
	go test ./...
	go test -C e2e/managers/repository ./...

.PHONY: e2e
e2e: build managers ## Run the rehearsal tier: the CLI, the real controllers, a simulated cloud, crashes
	go test -tags e2e -count 1 -timeout 40m -v ./e2e/...

.PHONY: bench
bench: build managers ## Print the figures: start-up, plane, rendering, creation, fleets, each against upstream in the same run
	go test -tags e2e -run '^$$' -bench '^BenchmarkStart$$|^BenchmarkGenerate$$' -benchtime 40x -timeout 15m ./e2e
	go test -tags e2e -run '^$$' -bench '^BenchmarkPlaneStart$$' -benchtime 10x -timeout 15m ./e2e
	go test -tags e2e -run '^$$' -bench '^BenchmarkInit$$|^BenchmarkCreate$$' -benchtime 4x -timeout 30m ./e2e
	go test -run '^$$' -bench . ./internal/render
	go test -run '^$$' -bench '^BenchmarkFleet$$' ./internal/config
	go test -tags e2e -run '^$$' -bench '^BenchmarkFleetRender$$' -benchtime 10x -timeout 15m ./e2e
	go test -tags e2e -run '^$$' -bench '^BenchmarkFleetAgain$$' -benchtime 10x -timeout 30m ./e2e
	go test -tags e2e -run '^$$' -bench '^BenchmarkFleetCreate$$' -benchtime 1x -timeout 2h ./e2e

CLUSTERS ?= 1000

.PHONY: bench-fleet
bench-fleet: build managers ## Make 1,000 clusters in memory on one plane (CLUSTERS=300 for less): time, flatness, memory
	SLIPWAY_BENCH_FLEET=$(CLUSTERS) go test -tags e2e -run '^$$' -bench '^BenchmarkFleetMany$$' -benchtime 1x -timeout 5h -v ./e2e

.PHONY: licences
licences: setup ## Check that every dependency's licence may be shipped
	$(TOOLS)/go-licenses check ./cmd/... --allowed_licenses=Apache-2.0,MIT,BSD-2-Clause,BSD-3-Clause,ISC,MPL-2.0,Zlib,Unlicense --ignore github.com/slipway-sh/slipway

.PHONY: vulncheck
vulncheck: setup ## Look for known vulnerabilities (needs the Go vulnerability database)
	$(TOOLS)/govulncheck ./cmd/...

.PHONY: check
check: ## Everything that must pass before a change lands; what .ci/run calls
	./.ci/check

.PHONY: clean
clean: ## Remove what was built; keeps the module cache
	rm -rf $(BIN) $(CACHE)
