# Stampede. `make demo` shows what it does, `make test` proves that it works.

GO       ?= go
BIN      := bin/stampede
LINT     := $(GO) tool -modfile=tools/go.mod

.PHONY: help build demo test unit race slow conformance million crash-loop ledger-loop hunt fuzz lint bench generate clean

help: ## what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

build: ## the program: bin/stampede
	$(GO) build -trimpath -o $(BIN) ./cmd/stampede

demo: build ## a flash sale of 100 units before 10 000 buyers, and the audit at its end
	$(BIN) demo

test: ## everything; installs what is missing (redis-server, PostgreSQL, node packages)
	scripts/install-test-tools
	$(MAKE) lint unit race slow conformance

unit: ## the tests of all packages
	$(GO) test ./...

race: ## those with goroutines, under the race detector
	$(GO) test -race -short ./internal/engine ./internal/server ./internal/session ./internal/metrics \
		./internal/txn ./internal/config ./internal/demo ./internal/persist ./internal/sim \
		./internal/ledger ./internal/pubsub ./kit/lock

slow: ## the structures with all their invariants checked at every step
	$(GO) test -tags slowassert -short ./internal/container/... ./internal/keyspace
	$(GO) test -tags slowassert -short -run 'AnyCall|ManyClients' ./internal/engine
	$(GO) test -tags slowassert -short ./internal/sim

SEED ?= 1

conformance: build ## hundreds of thousands of random calls on us and on a real redis-server; 300 crashes
	STAMPEDE_BIN=$(abspath $(BIN)) $(GO) test -count=1 -timeout 15m ./internal/conformance \
		-calls 60000 -seed $(SEED) -crashes 200 -sale-crashes 100
	$(GO) test -count=1 -timeout 10m ./cmd/stampede -run TestLedgerThroughKills -v -ledger-kills 50

MILLION ?= 1000000

million: build ## a million random calls on us and on redis-server, for each of 1, 2, 3 and 8 shards
	STAMPEDE_BIN=$(abspath $(BIN)) $(GO) test -count=1 -timeout 0 ./internal/conformance \
		-run TestFuzzMillion -v -seed $(SEED) -million $(MILLION)

CRASHES ?= 1000

crash-loop: build ## SIGKILL under load, CRASHES times, and what is found after each
	STAMPEDE_BIN=$(abspath $(BIN)) $(GO) test -count=1 -timeout 0 ./internal/conformance \
		-run 'TestCrashes|TestLiveSale' -v -seed $(SEED) -crashes $(CRASHES) \
		-sale-crashes $(CRASHES) -sale-calls 5000

ledger-loop: ## SIGKILL for the store and PostgreSQL in a running sale, CRASHES rounds, and the audit
	$(GO) test -count=1 -timeout 0 ./cmd/stampede -run TestLedgerThroughKills -v -ledger-kills $(CRASHES)

hunt: ## the random tests with a seed that nobody has tried
	seed=$$(date +%s) && echo "STAMPEDE_SEED=$$seed" && STAMPEDE_SEED=$$seed $(GO) test -count=1 ./... && \
		$(MAKE) conformance SEED=$$seed

fuzz: ## each fuzzer for half a minute
	scripts/fuzz 30s

lint: ## gofmt, vet, staticcheck
	@test -z "$$(gofmt -l cmd internal kit)" || { gofmt -l cmd internal kit; echo 'run gofmt -w on these'; exit 1; }
	$(GO) vet ./...
	$(LINT) staticcheck ./...

bench: build ## the figures of the README, side by side with a redis-server of this machine
	scripts/bench

generate: ## docs/commands.md from the table of commands
	$(GO) test ./internal/engine -run TestCommandsPage -update

clean: ## what was built
	rm -rf bin
