# Every target does its own set-up; a bare Debian 12 with python3, pip, make and git is enough.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PY ?= python3
WORKERS ?= auto
UV := .tools/uv/bin/uv
BIN := $(CURDIR)/.venv/bin
PORT ?= 8000
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS := 1
export NODE_USE_SYSTEM_CA := 1

.PHONY: help setup demo ui lint types test check days bench lock clean

help: ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/'

setup: .venv/.ok ## install everything into .venv

# `exec`: Ctrl-C and a termination reach the demonstration itself, which ends what it started.
demo: .venv/.ok server/static/index.html ## a shop with simulated readers on this computer, until Ctrl-C (PORT=9000)
	exec $(BIN)/baguier demo --port $(PORT) $(ARGS)

ui: server/static/index.html ## build the web app into server/static

test: .venv/.ok server/static/index.html ## the whole test suite
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)
	cd handheld_app && PATH="$(BIN):$$PATH" npm test --silent

lint: .venv/.ok handheld_app/node_modules/.ok ## format, lint, types, import contracts, lock files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	! grep -nE '(https?|file)://|^--' requirements/*.txt
	cd handheld_app && PATH="$(BIN):$$PATH" npm run --silent check

check: lint test ## what CI runs

days: .venv/.ok ## forty scripted days, ten of each story; ONE=1: one of each
	$(BIN)/python -m tests.journeys.scripted_days --seeds $(if $(ONE),1,10)

bench: .venv/.ok ## the benchmarks; prints the table of ratios
	$(BIN)/python -m pytest tests/benchmarks -p no:randomly -s -q --run-benchmarks $(ARGS)

lock: $(UV) ## resolve requirements/*.txt again from pyproject.toml
	$(UV) pip compile -q pyproject.toml --extra server --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links -o requirements/run.txt
	$(UV) pip compile -q pyproject.toml --extra server --group dev --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links -o requirements/dev.txt
	$(UV) pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links - -o requirements/pcsc.txt <<< 'pyscard>=2.3'
	! grep -nE '(https?|file)://|^--' requirements/*.txt

clean: ## remove what make made
	rm -rf .venv .tools build dist server/static handheld_app/node_modules

$(UV):
	$(PY) -m pip install -q --disable-pip-version-check --root-user-action=ignore --target .tools/uv --require-hashes -r requirements/uv.txt

.venv/.ok: $(UV) requirements/dev.txt pyproject.toml
	$(UV) venv -q --clear --python $(PY) .venv
	VIRTUAL_ENV=.venv $(UV) pip sync -q --require-hashes requirements/dev.txt
	VIRTUAL_ENV=.venv $(UV) pip install -q --no-deps --no-build-isolation -e .
	touch $@

handheld_app/node_modules/.ok: .venv/.ok handheld_app/package-lock.json
	cd handheld_app && PATH="$(BIN):$$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $(CURDIR)/$@

server/static/index.html: handheld_app/node_modules/.ok $(shell find handheld_app/src handheld_app/public handheld_app/bundling handheld_app/index.html handheld_app/vite.config.ts -type f 2>/dev/null)
	cd handheld_app && PATH="$(BIN):$$PATH" npm run --silent build
