# Two commands: `make run` and `make test`. Everything they need they fetch themselves; all data are under var/.
SHELL := /bin/sh
.DEFAULT_GOAL := help
ARGS ?=
# Processes of the tests: one more than two cores, for each waits for its database, its browser and its sandbox in turn.
WORKERS ?= 3

# On macOS the drawing libraries come from Homebrew, whose folder a Python not of Homebrew's does not search.
ifeq ($(shell uname),Darwin)
LIBRARIES := DYLD_FALLBACK_LIBRARY_PATH=/opt/homebrew/lib:/usr/local/lib
endif
PY := $(LIBRARIES) .venv/bin/python
PACKAGES := config clients integrations ledger closeout

.PHONY: help run test check format bench prepare prepare-dev clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  Settings and what they mean: README.md. Ports: TIEOUT_PORT, TIEOUT_SANDBOX_PORT."

run: prepare ## everything on this machine, with the demonstration's month-end; ARGS=--once: without serving
	@TIEOUT_DEMO=$${TIEOUT_DEMO:-yes} $(PY) manage.py run $(ARGS)

test: prepare-dev ## all tests, browser tests too
	@PY="$(PY)" .ci/test -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: prepare-dev ## ruff, mypy, migrations, settings of a production installation, architecture, templates
	@PY="$(PY)" .ci/check

format: prepare-dev ## put Python and templates into the one form that make check asks for
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix-only --quiet . && git ls-files -co --exclude-standard 'templates/*.html' | xargs .venv/bin/djade --target-version 5.2

bench: prepare-dev ## how fast facts become entries, beside a bare COPY of the same rows
	@$(PY) tests/bench/run.py $(ARGS)

prepare: ## the environment only
	@.ci/prepare

prepare-dev:
	@.ci/prepare dev

clean: ## remove the environment and caches; data under var/ stay
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis var/tools var/prepared-* var/test
