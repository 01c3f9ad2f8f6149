# The only door to every check and build. `make help` lists what it opens.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := check
export PATH := $(CURDIR)/.venv/bin:$(HOME)/.local/bin:$(HOME)/.cargo/bin:$(PATH)

PROTO_FILES = $(sort $(shell find protos/trunkline -name '*.proto'))
RUST = services/media/engine services/signaling/wire
# Without the crate that is the face to Python: nothing is tested there, and it would want a library to link.
CARGO_TEST = cargo test --quiet --workspace --exclude trunkline-engine --exclude trunkline-wire
BUILD_PACKAGES = ca-certificates clang gcc libbpf-dev libc6-dev python3-venv
CODEC_PACKAGES = libavcodec59 libbcg729-0 libgsm1 libopencore-amrnb0 libopus0 libspandsp2
SPEECH_PACKAGES = asterisk-core-sounds-en-wav espeak-ng
TEST_PACKAGES = $(BUILD_PACKAGES) $(CODEC_PACKAGES) $(SPEECH_PACKAGES) baresip iproute2 kamailio nats-server \
	postgresql redis-server sip-tester tshark

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: check
check: lint test ## Run what CI runs on a change (the default)

.PHONY: setup
setup: ## Prepare this machine to run the switch: compiler, uv, Python environment, what is in Rust
	@scripts/setup $(BUILD_PACKAGES)

.PHONY: setup-tests
setup-tests: ## Prepare this machine to test: also SIPp, baresip, Kamailio, tshark, PostgreSQL and Redis
	@scripts/setup $(TEST_PACKAGES)
	@scripts/helm version --short >/dev/null

.PHONY: demo
demo: setup ## Start the switch, place real calls, show ladder, route, CDRs and charges, stop
	@python examples/demo.py

.PHONY: run
run: setup ## Leave the switch up for your softphone, and say how to point it here
	@python examples/run.py

.PHONY: protos
protos: ## Generate Python and stubs from protos/ into protos/gen
	@rm -rf protos/gen/trunkline && mkdir -p protos/gen
	@python -m grpc_tools.protoc -I protos --python_out=protos/gen --grpc_python_out=protos/gen \
		--mypy_out=quiet:protos/gen --mypy_grpc_out=quiet:protos/gen $(PROTO_FILES)
	@python scripts/words.py >protos/gen/trunkline/common/v1/words.py

.PHONY: rust
rust: ## Build what is in Rust, media's engine and signaling's messages, in release mode into the environment
	@for part in $(RUST); do maturin develop --quiet --release --manifest-path $$part/crates/python/Cargo.toml; done

.PHONY: lint
lint: setup-tests lint-python lint-protos lint-rust ## Check style, types, imports, contracts and Rust

.PHONY: lint-python
lint-python: ## Check Python: format, lint, types, import contracts
	ruff format --check .
	ruff check .
	mypy
	lint-imports

.PHONY: lint-protos
lint-protos: ## Check protos: buf lint, and that protos/gen is what they generate
	buf lint
	@$(MAKE) --no-print-directory protos
	@git diff --exit-code --stat -- protos/gen || { echo "protos/gen differs from protos/: commit what make protos wrote" >&2; exit 1; }

.PHONY: lint-rust
lint-rust: ## Check Rust: format, clippy, and the stubs against the built modules
	@for part in $(RUST); do \
		cargo fmt --manifest-path $$part/Cargo.toml --all --check; \
		cargo clippy --quiet --manifest-path $$part/Cargo.toml --workspace --all-targets -- -D warnings; \
	done
	python -m mypy.stubtest trunkline_engine trunkline_signaling.sip._wire

.PHONY: test
test: setup-tests test-rust ## Run every test but load and deployment; 10,000 calls in the simulation
	TRUNKLINE_SIMULATION_CALLS=1250 pytest -m "not load and not deployment"

.PHONY: test-fast
test-fast: ## Run unit, contract and simulation tests: the inner loop
	pytest -q tests/unit tests/contract tests/simulation -m "not integration and not interop"

.PHONY: test-rust
test-rust: ## Run Rust's own tests
	@for part in $(RUST); do $(CARGO_TEST) --manifest-path $$part/Cargo.toml; done

.PHONY: test-rust-asan
test-rust-asan: ## Run Rust's own tests under the address sanitizer (rebuilds both parts)
	@for part in $(RUST); do RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address ASAN_OPTIONS=detect_leaks=0 \
		$(CARGO_TEST) --manifest-path $$part/Cargo.toml --target $$(rustc -vV | sed -n 's/^host: //p') \
		--target-dir $$part/target/asan; done

.PHONY: bench
bench: setup-tests ## Run every benchmark and print its figures (minutes; keep the machine quiet)
	@for script in benches/*.py; do echo "== $$script"; python $$script; done

.PHONY: images
images: ## Build the five service images with podman or docker
	@scripts/images

.PHONY: manifests
manifests: ## Render the Helm chart into deploy/k8s
	@python deploy/render.py

.PHONY: test-deploy
test-deploy: ## Build images from Debian's packages, play the pods with podman, and prove them (as root)
	@scripts/test-deploy

.PHONY: format
format: ## Rewrite Python and Rust the way lint wants it
	ruff format .
	ruff check --fix .
	for part in $(RUST); do cargo fmt --manifest-path $$part/Cargo.toml --all; done

.PHONY: clean
clean: ## Remove what was built and what the switch stored under ./var
	rm -rf .venv var dist $(RUST:%=%/target) .mypy_cache .ruff_cache .pytest_cache .hypothesis
