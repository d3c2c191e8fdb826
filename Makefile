# Every target is one line; what it runs can be typed by hand.
.PHONY: build test check lint tidy tsan release soak soak-sleep soak-store bench-store bench-gossip bench-list bench-race bench-takeover bench-runs soak-runner bench-scheduler prove-cron verify-cron bench-cron sim sim-cluster bench-sim fuzz up down clean packages

packages: ; @./testnet/packages
build: packages ; swift build
test: packages ; ./testnet/test
lint: ; swift format lint --strict --recursive Package.swift Sources Tests Benchmarks Fuzzing
tidy: ; swift test --filter TidyTests
tsan: packages ; TSAN_OPTIONS="suppressions=$(CURDIR)/testnet/tsan.supp" swift test --no-parallel --sanitize thread --build-path .build-tsan --skip ClusterTests --skip TidyTests
release: packages ; ./testnet/build
check: packages lint build test tsan
soak: packages ; ROTA_SOAK_SECONDS=$${ROTA_SOAK_SECONDS:-600} ./testnet/test --filter ClusterTests
# All nodes sleep for ten minutes; every instant of every misfire policy has its verdict.
soak-sleep: packages ; ROTA_SLEEP_SECONDS=$${ROTA_SLEEP_SECONDS:-600} ./testnet/test --filter 'Verdicts/.*slept'
# Ten minutes of racing processes and of faults on each store; an account of every start, claim and instant.
soak-store: packages ; ./Benchmarks/store/race soak sqlite postgres etcd
# Claims beside the bare store, in the same run.
bench-store: packages ; ./Benchmarks/store/race bench sqlite postgres etcd
# Fifty of our members and fifty of serf's by turns; ROTA_GOSSIP_LONG=1 takes longer and repeats more.
bench-gossip: packages ; ./Benchmarks/gossip/race
# A list to a new member, an import to three, a watcher that comes back: beside bare loops, in the same run.
bench-list: packages ; ./Benchmarks/list/bench
# Clusters of real nodes: writes per run, start lag beside cron and Quartz, 5,000 runs in one second.
bench-race: packages ; ./Benchmarks/run/race bench
# The node that goes first dies, just before and just after an instant with a thousand runs.
bench-takeover: packages ; ./Benchmarks/run/race takeover
# A task that prints a gigabyte beside a bare pipe; 5,000 short runs a minute for ten minutes.
bench-runs: packages ; ./Benchmarks/run/race runs
# A thousand kills of a node under two hundred tasks.
soak-runner: packages ; ROTA_NODE_KILLS=$${ROTA_NODE_KILLS:-1000} ./testnet/test --filter 'node that is killed'
# Ten million jobs in the scheduler's index, beside sorting as many numbers; and a node with a million.
bench-scheduler: packages ; ./Benchmarks/scheduler/bench
# A million schedules against the slow reference; ROTA_CRON_CASES and ROTA_CRON_SEED choose others.
prove-cron: ; swift run -c release prove-cron
# The same, and then the judges in Go, Java and Python.
verify-cron: packages prove-cron ; ./Benchmarks/cron/prepare && swift build -c release --product cron-judge && .build/release/cron-judge verify
bench-cron: packages ; ./Benchmarks/cron/prepare && swift build -c release --product cron-judge && .build/release/cron-judge bench
# Ten thousand small clusters under troubles drawn by their seeds, and a thousand nodes at once.
sim: ; swift build -c release --product simulate-gossip && .build/release/simulate-gossip --seeds $${ROTA_SIM_SEEDS:-10000} && .build/release/simulate-gossip bench 1000
# Thousands of whole clusters, scheduler, sessions, runs and store, and then mistakes made on purpose.
sim-cluster: ; swift build -c release --product simulate-cluster && .build/release/simulate-cluster --seeds $${ROTA_SIM_SEEDS:-2000} && .build/release/simulate-cluster mutants
bench-sim: ; swift build -c release --product simulate-gossip && .build/release/simulate-gossip bench 1000
fuzz: ; ./Fuzzing/run $${ROTA_FUZZ_SECONDS:-60}
up: ; ./testnet/up
down: ; ./testnet/down
clean: ; rm -rf .build .build-tsan .build-fuzz bin
