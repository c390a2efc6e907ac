# fournines: two commands do everything, `make run` and `make test`.
SHELL := /bin/bash
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo dev)
GOFLAGS_BUILD := -trimpath -ldflags "-s -w -X github.com/greenlang/fournines/internal/cli.Version=$(VERSION)"
export CGO_ENABLED := 0

.DEFAULT_GOAL := help
.PHONY: help engines build run test check prove browser bench

help: ## list these commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

engines: ## install the engines that this machine lacks, and nothing else
	@scripts/engines.sh

build: ## build bin/fournines, -objects, -query and bin/greenlang
	@mkdir -p bin
	go build $(GOFLAGS_BUILD) -o bin/ ./cmd/fournines ./cmd/fournines-objects ./cmd/greenlang
	@command -v $(CXX) >/dev/null || { echo "there is no C++ compiler $(CXX), and bin/fournines-query has DuckDB inside, which is C++: 'make engines' installs one"; exit 1; }
	CGO_ENABLED=1 go build $(GOFLAGS_BUILD) -tags duckdb -o bin/ ./cmd/fournines-query

run: engines build ## bring GreenLang's first region and its partner up on this machine; ctrl-C stops it
	bin/fournines up

LINT := go tool -modfile=$(CURDIR)/tools/go.mod golangci-lint
DEADCODE := go tool -modfile=$(CURDIR)/tools/go.mod deadcode

check: ## formatting, vet, linters, dead code and the directions of imports
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not gofmt'ed: $$unformatted"; exit 1; }
	go vet ./...
	CGO_ENABLED=1 go vet -tags duckdb ./cmd/fournines-query ./internal/journal/query/...
	cd bench && go vet ./...
	CGO_ENABLED=1 $(LINT) run
	@dead=$$(CGO_ENABLED=1 $(DEADCODE) -test -tags duckdb,prove ./...) && test -z "$$dead" || { echo "nobody reaches this, and it goes: $$dead"; exit 1; }
	go test ./internal/house

GOTESTSUM := go tool -modfile=$(CURDIR)/tools/go.mod gotestsum

test: ## everything that must pass: unit, scenarios, real engines, browser
	@scripts/engines.sh test
	@$(MAKE) --no-print-directory build check
	@rm -f bin/times-*.json
	FOURNINES_ENGINES="$$(scripts/engines.sh where)" $(GOTESTSUM) --format pkgname-and-test-fails --format-hide-empty-pkg --jsonfile-timing-events bin/times-all.json -- -timeout 25m -p 2 $$(go list ./... | grep -v /e2e)
	cd bench && go test -timeout 10m ./...
	FOURNINES_ENGINES="$$(scripts/engines.sh where)" $(GOTESTSUM) --format pkgname-and-test-fails --jsonfile-timing-events bin/times-e2e.json -- -timeout 40m -count=1 ./e2e
	@$(MAKE) --no-print-directory browser
	@echo "The ten slowest tests:" && cat bin/times-*.json | $(GOTESTSUM) tool slowest --num 10

browser: ## the console in a real browser: accessibility, keyboard, live updates
	internal/console/browser/run.sh

prove: engines build ## longer proofs, hours: hundreds of faults, noise, kills at every step
	FOURNINES_CYCLES=1000 FOURNINES_MUTATIONS=10000 FOURNINES_CLEAN_RUNS=1000 go test -timeout 4h -count=1 -v -run 'Killed|Mutation|FalseAlarm' ./internal/journal ./kit/audit
	go test -tags prove -timeout 12h -count=1 -v ./prove

bench: engines build ## comparisons with peers, side by side in one run
	cd bench && go run ./edge
	cd bench && go run ./query
	cd bench && go run ./state
