# The two commands of the README are `make demo` and `make test`; `make` alone lists the rest.

.DEFAULT_GOAL := help
.PHONY: help demo test check bench stories kills mutants docs

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile

demo: ## build ./aurorasync, play a story in five minutes and serve what it left; ARGS="--headless --pace max"
	@scripts/demo $(if $(RECORDINGS),--recordings $(RECORDINGS)) $(ARGS)

test: ## everything that must hold: format, lints, tests, house rules, documentation
	@scripts/test

check: ## the same for a few crates between two edits: make check CRATES="runtime messages"
	@scripts/check $(CRATES)

bench: ## measure the pipeline on this machine; ARGS="--assets 1000 --seconds 10" are passed on
	@cargo run --quiet --release --locked --bin aurorasync -- bench pipeline $(ARGS)

stories: ## play every script with SEEDS=20 seeds
	@AURORASYNC_SEEDS=$(or $(SEEDS),20) cargo test --release --locked -p aurorasync --test scenarios with_several_seeds -- --nocapture

kills: ## kill processes, and the server they read from, at random while they work, KILLS=200 times, and judge it by the client's ledger
	@scripts/nats-server
	@AURORASYNC_KILLS=$(or $(KILLS),200) cargo test --locked -p aurorasync --test kills --test hosts kills -- --nocapture

mutants: ## break each promise and see its test fail; ONLY=name for one
	@scripts/mutants $(ONLY)

docs: ## the code's documentation in target/doc
	@RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
