# Every target is one line; what it runs can be typed by hand.
.PHONY: build test check lint tidy tsan prove-cron release soak fuzz up down clean packages

packages: ; @./testnet/packages
build: packages ; swift build
test: packages ; ./testnet/test
lint: ; swift format lint --strict --recursive Package.swift Sources Tests Fuzzing
tidy: ; swift test --filter TidyTests
tsan: packages ; TSAN_OPTIONS="suppressions=$(CURDIR)/testnet/tsan.supp" swift test --no-parallel --sanitize thread --build-path .build-tsan --skip ClusterTests --skip TidyTests
# A million schedules against the slow reference; ROTA_CRON_CASES and ROTA_CRON_SEED choose others.
prove-cron: ; swift run -c release prove-cron
release: packages ; ./testnet/build
check: packages lint build test tsan
soak: packages ; ROTA_SOAK_SECONDS=$${ROTA_SOAK_SECONDS:-600} ./testnet/test --filter ClusterTests
fuzz: ; ./Fuzzing/run $${ROTA_FUZZ_SECONDS:-60}
up: ; ./testnet/up
down: ; ./testnet/down
clean: ; rm -rf .build .build-tsan .build-fuzz bin
