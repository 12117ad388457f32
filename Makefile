# Everything is one command: `make demo` to see it, `make test` to trust it, `make lab` to use it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

python := .venv/bin/python
chromium := /usr/bin/chromium
# The floor of the metaflow dependency, in the one place that states it.
oldest := $(shell sed -n 's/^ *"metaflow>=\([0-9.]*\)".*/\1/p' pyproject.toml)
pip_install := -m pip install --quiet --disable-pip-version-check
sudo := $(if $(filter 0,$(shell id -u)),,sudo)

# Metaflow refuses to run flows for root without a name.
ifeq ($(filter-out root,$(METAFLOW_USER) $(SUDO_USER) $(USERNAME) $(USER)),)
export METAFLOW_USER := spinner
endif

.PHONY: help setup lint format test test-newest test-oldest test-faults demo lab docs bench faults mutants compat clean

help:  ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

setup: .venv/.installed $(chromium)  ## Make .venv, and install chromium where it is missing

.venv/.installed: pyproject.toml
	test -x $(python) || python3 -m venv .venv
	$(python) $(pip_install) -e '.[dev]'
	touch $@

.venv-oldest/.installed: pyproject.toml
	test -x .venv-oldest/bin/python || python3 -m venv .venv-oldest
	.venv-oldest/bin/python $(pip_install) -e '.[test]' 'metaflow==$(oldest)'
	touch $@

$(chromium):
	$(sudo) apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $(sudo) apt-get install -y -qq --no-install-recommends \
	    chromium fonts-liberation fonts-dejavu-core >/dev/null

lint: .venv/.installed  ## Lint, format, types, layers
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

format: .venv/.installed  ## Let ruff write the format
	.venv/bin/ruff check --fix-only .
	.venv/bin/ruff format .

# Side by side, each on a core: one after the other they take nearly twice as long.
test: setup .venv-oldest/.installed  ## Every test, with the newest Metaflow and with the oldest supported
	$(MAKE) --jobs=2 --output-sync=target test-newest test-oldest test-faults

test-newest: setup
	$(python) -m pytest --ignore=tests/faults

test-faults: setup
	$(python) -m pytest -p no:cacheprovider tests/faults

test-oldest: .venv-oldest/.installed
	.venv-oldest/bin/python -m pytest -p no:cacheprovider tests/conformance

demo: .venv/.installed  ## Run the quickstart flow and its notebook, and show what its cells show
	$(python) notebooks/demo.py

lab: .venv/.installed  ## JupyterLab on the notebooks
	.venv/bin/jupyter lab --notebook-dir=notebooks --allow-root quickstart.ipynb

docs: .venv/.installed  ## Write the tables of the pages from the parsers and the settings
	$(python) docs/tables.py

bench: .venv/.installed  ## `python flow.py spin` against `%spin`; writes tests/bench/RESULTS.md and the README
	$(python) tests/bench/bench.py

faults: setup  ## Everything that should break it, for hours; writes docs/faults.md
	$(python) -m pytest tests/faults --full --keep-figures

mutants: setup  ## Change the engine in 500 places: does a test notice? For hours; writes docs/mutants.md
	$(python) $(pip_install) -e '.[mutants]'
	nice -n 15 $(python) -m tests.mutants

compat: .venv/.installed  ## The tests with old and new versions of what they run on; writes docs/compat.md
	$(python) tests/compat/compat.py $(only)

clean:  ## Remove what the commands above made
	rm -rf .venv .venv-oldest .venv-compat demo_output .mutants dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
