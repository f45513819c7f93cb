# Each target does its own set-up on a fresh machine and rebuilds only what changed.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

binary  := target/debug/tapedeck
web_in  := $(shell find host/web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
scripts := $(shell find scripts .ci -type f -not -name '*.mjs' -not -name '*.py' -not -name '*.toml')

languages := rust js python
examples := $(patsubst %,target/plugin-tests/kept/%/built,$(languages:%=%-no-links) $(languages:%=%-exporter))

.PHONY: help demo run test prove prove-plugins bench plugins web lint build \
        test-web test-rust test-plugins test-telethon test-listenbrainz test-s3 test-exports test-spotdl test-music test-browser lint-rust lint-web lint-dependencies lint-scripts

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## Show it all on data that moves: no account, nothing to set up
	$(binary) demo $(ARGS)

run: build ## Run the daemon with ./config.toml, which is made if there is none
	test -e config.toml || $(binary) init
	$(binary) run $(ARGS)

test: test-web plugins test-rust test-plugins test-telethon test-listenbrainz test-s3 test-exports test-spotdl test-music test-browser ## Run every test: page, plugins, Rust, plugins of authors, foreign clients, S3, foreign readers, yt-dlp, an evening of music, browser

prove: rust web plugins postgres ## Compare every fire of a year with the oracle, kill a thousand times, capture in any order, try broken plugins: much work
	cargo test --release -p tapedeck --lib every_single_fire -- --ignored
	TAPEDECK_TEST_KILLS=1000 cargo test --release -p tapedeck --lib kill_tests
	TAPEDECK_TEST_KILLS=1000 cargo test --release -p tapedeck --lib kills::
	TAPEDECK_TEST_KILLS=1000 cargo test --release -p tapedeck --test telegram kills::
	TAPEDECK_TEST_ORDERS=2000 cargo test --release -p tapedeck --test telegram capture::orders
	$(MAKE) prove-plugins

prove-plugins: rust web plugins ## Only its broken plugins: ten thousand mutants; long to build
	TAPEDECK_TEST_MUTANTS=10000 cargo test --release -p tapedeck --lib plugin_host::tests::mutants

# With ARGS, somebody wants to know one thing.
bench: rust web plugins $(examples) ## Measure what we promise about speed; at the end prove-plugins, unless ARGS names some
	cargo bench -p tapedeck $(ARGS)
	cargo bench -p tapedeck-spotdl
	$(if $(ARGS),,$(MAKE) prove-plugins)

# One filter and one exporter in every language, which the bench compares: built as an author would, if they are not there.
target/plugin-tests/kept/%/built:
	$(MAKE) build rust-wasm-unknown node python
	scripts/test-plugins.py $(binary) $*

plugins: rust-wasm node ## Build the plugins into target/plugins
	scripts/build-plugins target/plugins
	node scripts/check-plugins.mjs target/plugins target/plugins/fixtures

web: host/web/dist/index.html ## Build the page into host/web/dist

lint: lint-rust lint-web lint-dependencies lint-scripts ## Check format, lints, docs, dependencies, scripts

build: rust web plugins
	cargo build --workspace --bin tapedeck

# What must be on the machine; installed if that is allowed, else named.

.PHONY: rust rust-wasm rust-wasm-unknown node python ffmpeg chromium postgres
rust rust-wasm rust-wasm-unknown node python ffmpeg chromium postgres:
	@scripts/need $@

# The page.

host/web/node_modules/.package-lock.json: host/web/package-lock.json | node
	cd host/web && npm ci --no-audit --no-fund
	touch $@

host/web/dist/index.html: $(web_in) host/web/node_modules/.package-lock.json
	cd host/web && npm run build
	touch $@

target/stamps/web-checked: $(web_in) host/web/node_modules/.package-lock.json
	cd host/web && npm run check
	mkdir -p $(@D) && touch $@

test-web lint-web: target/stamps/web-checked

test-web: web
	cd host/web && npm run size

# Rust.

test-rust: rust web postgres
	scripts/test-rust

test-plugins: build rust-wasm-unknown node python
	scripts/test-plugins.py $(binary)

test-telethon: rust python
	scripts/test-telethon

test-spotdl: rust web python ffmpeg plugins
	scripts/test-spotdl

test-music: rust web python ffmpeg plugins
	scripts/test-music

test-listenbrainz: rust web python
	scripts/test-listenbrainz

test-s3: rust web python plugins
	scripts/test-s3

test-exports: build node python
	cargo build --workspace --bin tapedeck-sim
	scripts/test-exports

lint-rust: rust rust-wasm
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	scripts/build-plugins --lint
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps

lint-dependencies: rust
	scripts/check-dependencies

lint-scripts:
	scripts/check-scripts Dockerfile $(scripts)
	scripts/check-tree

# The page in a browser.

tests/browser/node_modules/.package-lock.json: tests/browser/package-lock.json | node
	cd tests/browser && npm ci --no-audit --no-fund
	touch $@

test-browser: build chromium tests/browser/node_modules/.package-lock.json
	cargo build --workspace --bin tapedeck-sim
	cd tests/browser && TAPEDECK_BIN=$(CURDIR)/$(binary) npm test
