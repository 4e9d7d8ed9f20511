# One command for each thing; `make` alone lists them. Everything is installed in .venv, nothing outside it
# (but for python3-venv, where Debian left it out).
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

BIN := .venv/bin
SETUP := .venv/.installed
SPARK := .venv/.installed-spark
BENCH := .venv/.installed-bench
BASELINE := proto/baseline.binpb
WELL_KNOWN := build/googleapis
# Its wheel has google/* too, other builds than those of googleapis-common-protos: into a folder where only tests look.
APART := xds-protos
WHEEL := build/wheel/.built
COMPILED := build/compiled/.unpacked
# Python with the compiled package in place of the one in the checkout.
WITH_COMPILED := PYTHONSAFEPATH=1 PYTHONPATH="$(CURDIR)/build/compiled:$(CURDIR)"
ARGS ?=

.PHONY: help setup demo test unit lint format types layers proto proto-check proto-baseline wheel bench bench-spark test-compiled test-kills test-spark mutate-policies pins clean

help: ## this list
	@echo "make TARGET, where TARGET is one of"
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | awk -F'\t' '{printf "  %-16s %s\n", $$1, $$2}'

setup: $(SETUP) ## make .venv with everything needed to run, test and change the project

$(SETUP): pyproject.toml constraints.txt scripts/venv
	@scripts/venv .venv
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt hatchling editables
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[dev,report]'
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps --upgrade --target .venv/apart $(APART)
	@touch $@

$(BENCH): $(SETUP)
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[dev,report,bench]'
	@touch $@

$(SPARK): $(SETUP)
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[dev,report,bench,spark]'
	@touch $@

demo: setup ## build a snapshot from real data, serve it, route real cases over gRPC and show the decisions
	@$(BIN)/case-router demo $(ARGS)

test: lint types layers proto-check wheel ## everything that has to hold, the tests last; install chromium and they look at reports too
	@$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile --hypothesis-profile=ci $(ARGS)

unit: setup ## the tests alone; ARGS="-k money" chooses some
	@$(BIN)/python -m pytest $(ARGS)

lint: setup ## style: every rule of ruff but those that pyproject.toml excuses, and the format
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --output-format=concise || { echo "make format puts this right"; exit 1; }

format: setup ## put the format right, and what ruff can mend by itself
	@$(BIN)/ruff check --quiet --fix --exit-zero
	@$(BIN)/ruff format

types: setup ## strict type check
	@$(BIN)/mypy

layers: setup ## imports run one way only
	@$(BIN)/lint-imports --no-logo

# buf can fetch nothing here, so the google.* contracts come from the wheel that the package needs anyway.
$(WELL_KNOWN): $(SETUP)
	@rm -rf $@ && mkdir -p $@
	@to="$$PWD/$@"; cd "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
		&& cp --parents google/rpc/*.proto google/type/*.proto "$$to"

proto: setup ## write router/v1 anew from proto/
	@rm -rf build/generated && scripts/protoc build/generated
	@rm -f router/v1/*_pb2*.py*
	@cp build/generated/router/v1/* router/v1/

proto-check: $(WELL_KNOWN) ## the contract: style, nothing broken since the baseline, router/v1 as generated
	@$(BIN)/buf lint proto
	@$(BIN)/buf format --diff --exit-code proto
	@$(BIN)/buf breaking proto --against $(BASELINE)
	@rm -rf build/generated && scripts/protoc build/generated
	@diff --brief --recursive --exclude=__init__.py --exclude=__pycache__ build/generated/router/v1 router/v1 \
		|| { echo "router/v1 is not what proto/ says: make proto puts this right"; exit 1; }

proto-baseline: $(WELL_KNOWN) ## at a release: accept the contract as it is now as the one not to break
	@$(BIN)/buf build proto --exclude-source-info --output $(BASELINE)

$(WHEEL): $(SETUP) hatch_build.py scripts/build-wheel $(shell find router policies demo -type f -not -name '*.pyc')
	@scripts/build-wheel $(@D)
	@touch $@

wheel: $(WHEEL) ## build the wheel, compiled if there is a C compiler, and try it in an empty environment, away from the checkout
	@scripts/check-wheel $(<D)

$(COMPILED): $(WHEEL)
	@rm -rf $(@D)
	@$(BIN)/python -m pip install --quiet --no-deps --no-compile --target $(@D) $(<D)/*.whl
	@touch $@

test-compiled: $(COMPILED) ## the tests once more, of the package as its wheel has it: compiled
	@if $(WITH_COMPILED) $(BIN)/python -c 'from router.compiled import COMPILED; raise SystemExit(not COMPILED)'; then \
		$(WITH_COMPILED) $(BIN)/python -m pytest --override-ini=pythonpath="build/compiled ." --numprocesses=auto --dist=loadfile \
			--hypothesis-profile=ci $(ARGS) tests; \
	else echo "not compiled, so nothing to test: there is no C compiler, or no headers of Python"; fi

bench: $(BENCH) $(COMPILED) ## measure the package as its wheel has it; prints a table and writes build/bench.json
	@$(WITH_COMPILED) $(BIN)/python -m benchmarks.run $(ARGS)

test-kills: setup ## kill a server fifty times under load: every decision that a client received is in its log
	@CASE_ROUTER_TEST_KILLS=50 $(BIN)/python -m pytest tests/log/test_killed.py $(ARGS)

test-spark: $(SPARK) ## the same queue from a Spark cluster of this machine; installs 400 MB once and needs Java 17
	@CASE_ROUTER_TEST_SPARK=1 $(BIN)/python -m pytest tests/spark $(ARGS)

bench-spark: $(SPARK) ## measure Spark beside its own bare work, into build/bench.json; needs Java 17
	@mkdir -p build
	@$(BIN)/python -m benchmarks.run spark $(ARGS)

mutate-policies: setup ## delete each rule and flip each comparison of the retail policy: its scenarios have to notice
	@$(BIN)/python -m tests.mutate_policies $(ARGS)

pins: setup ## write constraints.txt anew from the newest versions that fit
	@rm -rf build/pins && $(BIN)/python -m venv build/pins
	@build/pins/bin/pip install --quiet '.[dev,report,bench,spark]' $(APART)
	@{ sed -n '/^#/p' constraints.txt; build/pins/bin/pip freeze --all --exclude pip --exclude case-router; } > build/constraints.txt
	@mv build/constraints.txt constraints.txt

clean: ## remove .venv and all that was built
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
