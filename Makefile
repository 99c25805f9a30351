# Two commands matter: `make run` and `make test`. Both need only python3 (3.11 or later) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: install run test nightly bench lint types imports messages screenshots clean

install: $(VENV)/.installed

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("matchmaker needs Python 3.11 or later" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --constraint constraints.txt --editable '.[fast]'
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) --constraint constraints.txt --editable '.[dev,fast,scale,semantic]'
	touch $@

$(VENV)/.installed-bench: $(VENV)/.installed
	$(PIP) --constraint constraints.txt --editable '.[fast,bench]'
	touch $@

run: install
	MATCHMAKER_DEMO=1 $(BIN)/matchmaker serve

test: $(VENV)/.installed-dev
	./tests/browser/install_chromium
	$(MAKE) --no-print-directory lint types imports
	$(BIN)/python -m pytest -n 2 --dist loadscope --max-worker-restart 1

# The first stage against its peers, on texts of the demonstration; see benchmarks/README.md for others.
bench: $(VENV)/.installed-bench
	$(BIN)/python benchmarks/retrieval.py --sizes $(or $(SIZES),10000) --json var/retrieval.json

nightly: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 --dist loadscope -m nightly -o faulthandler_timeout=0

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint templates --lint --quiet

types: $(VENV)/.installed-dev
	$(BIN)/mypy

imports: $(VENV)/.installed-dev
	$(BIN)/lint-imports

messages: $(VENV)/.installed-dev
	$(BIN)/python -m tests.architecture.catalogues

screenshots: $(VENV)/.installed-dev
	./tests/browser/install_chromium
	$(BIN)/python -m tests.browser.screenshots docs/screenshots

clean:
	rm -rf $(VENV) var
