# The two commands of the README are `make demo` and `make test`; `make` alone lists the rest.

.DEFAULT_GOAL := help
.PHONY: help demo test check bench mutants docs

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile

demo: ## build ./aurorasync and show it at work; ARGS="--seed 7" are passed on
	@scripts/demo $(ARGS)

test: ## everything that must hold: format, lints, tests, house rules, documentation
	@scripts/test

check: ## the same for a few crates between two edits: make check CRATES="runtime messages"
	@scripts/check $(CRATES)

bench: ## measure the pipeline on this machine; ARGS="--assets 1000 --seconds 10" are passed on
	@cargo run --quiet --release --locked --bin aurorasync -- bench pipeline $(ARGS)

mutants: ## break each promise and see its test fail; ONLY=name for one
	@scripts/mutants $(ONLY)

docs: ## the code's documentation in target/doc
	@RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
