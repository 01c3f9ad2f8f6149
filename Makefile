# The only door to every check and build. `make help` lists what it opens.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := check
export PATH := $(CURDIR)/.venv/bin:$(HOME)/.local/bin:$(HOME)/.cargo/bin:$(PATH)

PROTO_FILES = $(shell find protos/trunkline -name '*.proto')

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: protos
protos: ## Generate Python and stubs from protos/ into protos/gen
	rm -rf protos/gen/trunkline && mkdir -p protos/gen
	python -m grpc_tools.protoc -I protos --python_out=protos/gen --grpc_python_out=protos/gen \
		--mypy_out=protos/gen --mypy_grpc_out=protos/gen $(PROTO_FILES)
