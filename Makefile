.DEFAULT_GOAL := help
SHELL := /bin/sh
export CARGO_TERM_COLOR ?= auto

# Runs what follows with the PostgreSQL that `make postgres` may just have put into .postgres.
with_postgres = if [ -z "$$PG_BINDIR" ] && [ -x .postgres/bin/initdb ]; then \
	PG_BINDIR="$$PWD/.postgres/bin"; export PG_BINDIR; fi;
boxoffice = $(with_postgres) exec cargo run --quiet --locked -p boxoffice --

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: rust postgres ## get what is missing, build, and serve on 127.0.0.1:8080 with concerts to try
	@$(with_postgres) exec cargo run --locked -p boxoffice -- serve --seed $(ARGS)

.PHONY: seed
seed: rust postgres ## fill an empty database with a dozen concerts
	@$(boxoffice) seed $(ARGS)

.PHONY: audit
audit: rust postgres ## check that every promise is kept, also while the server runs
	@$(boxoffice) audit $(ARGS)

.PHONY: build
build: rust ## build the server to be used in earnest, target/release/boxoffice
	cargo build --release --locked -p boxoffice

.PHONY: bench-queue
bench-queue: rust postgres ## measure the queue beside pgbench, and write docs/bench/queue.md
	cargo build --release --locked -p boxoffice -p bench
	@$(with_postgres) exec target/release/boxoffice-bench queue $(ARGS)

.PHONY: bench
bench: rust postgres ## measure the sale beside pgbench, and write docs/bench/sale.md
	cargo build --release --locked -p boxoffice -p bench
	@$(with_postgres) exec target/release/boxoffice-bench sale $(ARGS)

.PHONY: rush
rush: rust postgres ## rehearse an opening night with 20,000 fans, and write boxoffice-rush.html
	cargo build --release --locked -p boxoffice -p rush
	@$(with_postgres) exec target/release/boxoffice-rush $(ARGS)

.PHONY: chaos
chaos: rust postgres ## kill servers and PostgreSQL under load, and check that nothing is lost
	@$(with_postgres) exec cargo run --quiet --locked -p system-tests --bin chaos -- $(ARGS)

.PHONY: schemathesis
schemathesis: rust postgres ## try the API against its own description, with what Schemathesis makes up
	cargo build --locked -p boxoffice
	@$(with_postgres) exec scripts/schemathesis.sh $(ARGS)

.PHONY: check
check: rust ## formatting, lints, dependencies, and that the domain stays free of I/O
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy --workspace --test web --locked -- -D warnings
	scripts/check-domain.sh
	scripts/check-dependencies.sh

# Recovery is timed: nothing else runs meanwhile.
.PHONY: test
test: rust postgres faketime examples ## get what is missing and run the tests but those of test-web and test-rush
	cargo build --locked -p boxoffice
	$(with_postgres) cargo test --workspace --locked -- --skip faults::outages
	$(with_postgres) cargo test --workspace --locked --test system faults::outages

.PHONY: test-rush
test-rush: rust postgres ## try the rehearsal on real servers
	cargo build --locked -p boxoffice -p rush
	$(with_postgres) cargo test --workspace --locked --features system-tests/rehearsal --test system rush::

.PHONY: test-web
test-web: rust postgres chromium ## try the shop and the board in Chromium
	cargo build --locked -p boxoffice
	$(with_postgres) cargo test --workspace --locked --test web

.PHONY: images
images: ## make the pictures of the README anew
	@BOXOFFICE_IMAGES=docs/images $(MAKE) --no-print-directory test-web

.PHONY: postgres
postgres: ## get PostgreSQL, unless it is there
	@scripts/get-postgres.sh

.PHONY: faketime
faketime:
	@scripts/get-faketime.sh

.PHONY: examples
examples: ## get what the examples need, unless it is there
	@scripts/get-examples.sh

.PHONY: chromium
chromium:
	@scripts/get-chromium.sh

.PHONY: man
man: rust ## write the manual pages into target/man
	@cargo run --quiet --locked -p boxoffice -- man target/man

.PHONY: doctor
doctor: rust postgres ## look at the configuration, the database and the machine
	@$(boxoffice) doctor $(ARGS)

.PHONY: rust
rust:
	@command -v cargo >/dev/null || { \
	echo "Rust is missing: get it from https://rustup.rs, then try again" >&2; exit 1; }
