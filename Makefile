# Everything a contributor or operator types. `make` alone lists the targets.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

# Stamp files inside the environment: each is newer than what it was made from, so a second run does nothing.
MADE := $(VENV)/.made
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
KAIGI := $(VENV)/.kaigi

# What Kaigi is measured against has an environment of its own. reader 3.26 needs sgmllib3k but does not ask for it.
BENCH_VENV ?= .venv-bench
READER := $(BENCH_VENV)/.reader

# aiogram, whose models judge what the bot asks of Telegram, wants an older pydantic than Kaigi.
JUDGE_VENV ?= .venv-judge
JUDGE := $(JUDGE_VENV)/.judge

.DEFAULT_GOAL := help
.PHONY: help install install-dev run demo test fuzz lint pictures screenshots page-check showcase clean bench-collect bench-serve bench-understand evaluate hostile suites archive-1m bench-query chaos-delivery chaos-crash chaos-faults judge bench-pages chaos-disk chaos-double chaos-soak chaos-identity bench-scale bench-copy coverage
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(KAIGI) ## make .venv with the command kaigi in it (does nothing when nothing changed)

install-dev: $(DEV) $(KAIGI) ## install, and the tools for tests and checks

run: install ## start the service (ARGS="--config kaigi.toml")
	@$(BIN)/kaigi run $(ARGS)

demo: install ## start the whole service against a local newsroom: no network, no token
	@$(BIN)/kaigi demo $(ARGS)

test: install-dev ## run the tests (ARGS="tests/feeds -k dates")
	@$(BIN)/python -m pytest $(ARGS)

fuzz: install-dev ## let chance look for what the tests' fixed examples miss (ARGS="tests/feeds/collect")
	@$(BIN)/python -m pytest -m hypothesis --hypothesis-profile fuzz $(ARGS)

lint: install-dev ## check style, types and the borders between the packages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench-collect: install $(READER) ## measure collecting against lemon24/reader, about 15 minutes (ARGS="--quick")
	@$(BIN)/python -m bench.collect --reader $(BENCH_VENV)/bin/python $(ARGS)

bench-serve: install ## measure a cached feed against a plain Starlette response (ARGS="--seconds 1")
	@$(BIN)/python -m bench.serve $(ARGS)

bench-understand: install ## measure what understanding one item costs, and how that grows
	@$(BIN)/python -m bench.understand

evaluate: install ## judge understanding on labelled items (ARGS="my.jsonl")
	@$(BIN)/python -m bench.evaluate $(ARGS)

archive-1m: install ## make an archive of a million items to measure searches on, about 5 minutes (ARGS="--items 100000")
	@$(BIN)/python -m bench.archive $(ARGS)

bench-query: install ## measure searches, the matcher and a thousand filters on that archive (ARGS="--items 100000")
	@$(BIN)/python -m bench.query $(ARGS)

bench-pages: install ## measure what the pages cost on an archive of 100,000 items and 10,000 meetings (ARGS="--each")
	@$(BIN)/python -m bench.pages $(ARGS)

bench-scale: install-dev ## measure 1, 2 and 4 collectors on PostgreSQL, kills and takeover, about 6 minutes (ARGS="--quick")
	@$(BIN)/python -m bench.scale $(ARGS)

bench-copy: install-dev ## move 100,000 items from SQLite to PostgreSQL and back, about 3 minutes (ARGS="--quick")
	@$(BIN)/python -m bench.copying $(ARGS)

hostile: install ## attack the collector in every way we know (ARGS="--only gzip")
	@$(BIN)/python -m bench.hostile $(ARGS)

chaos-delivery: install-dev $(JUDGE) ## measure delivery under limits, faults and kill -9, about 25 minutes (ARGS="--quick")
	@JUDGE_PYTHON=$(JUDGE_VENV)/bin/python $(BIN)/python -m bench.chaos_delivery $(ARGS)

chaos-crash: install-dev ## kill the service at every named point and compare what was published with what was told, minutes (ARGS="--quick")
	@$(BIN)/python -m bench.chaos_crash $(ARGS)

chaos-faults: install-dev ## let every statement, commit, socket and file call of a cycle fail once, minutes (ARGS="--quick")
	@$(BIN)/python -m bench.chaos_faults $(ARGS)

coverage: install-dev ## show what the tests do not reach of the core and of storage, minutes (ARGS="--again")
	@$(BIN)/python -m bench.covered $(ARGS)

judge: install-dev $(JUDGE) ## run the bot's tests and have every call they make of Telegram judged by aiogram (ARGS="tests/bot/admin")
	@JUDGE_PYTHON=$(JUDGE_VENV)/bin/python $(BIN)/python -m bench.judged $(ARGS)

chaos-disk: install-dev ## a full, read-only, locked and rotting disk, about a minute (ARGS="--quick")
	@$(BIN)/python -m bench.chaos_disk $(ARGS)

chaos-double: install-dev ## two services on one archive, and two with one bot, about a minute (ARGS="--quick")
	@$(BIN)/python -m bench.chaos_double $(ARGS)

chaos-soak: install-dev ## a simulated day of 28,800 polls, and clocks that jump, minutes (ARGS="--quick")
	@$(BIN)/python -m bench.chaos_soak $(ARGS)

chaos-identity: install-dev ## rename, move and edit what feeds published, and count the alerts, about a minute (ARGS="--only guids")
	@$(BIN)/python -m bench.chaos_identity $(ARGS)

suites: install ## read public test suites; feedparser is the judge of the number of entries
	@$(BIN)/python -m bench.suites

screenshots: install-dev ## take all pictures of the README and the documents (needs Chromium and an emoji font)
	@$(BIN)/python docs/pictures/make_pictures.py
	@$(BIN)/python docs/pictures/make_messages.py
	@PYTHONPATH=. $(BIN)/python docs/pictures/make_pages.py

pictures: screenshots ## the same

showcase: install ## serve the page over a made-up archive, to look at it (ARGS="--port 8972")
	@$(BIN)/python -m bench.showcase .cache/showcase.db
	@$(BIN)/python -m bench.showcase_page .cache/showcase.db $(ARGS)

page-check: install-dev ## judge every page by axe-core and the Nu validator (needs Chromium, npm and java; 2 minutes)
	@npm install --silent --no-audit --no-fund --ignore-scripts --prefix .cache/page axe-core@4 vnu-jar@26
	@$(BIN)/python -m bench.page_check $(ARGS)

clean: ## remove the environment, caches and build results
	@rm -rf $(VENV) $(BENCH_VENV) $(JUDGE_VENV) .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find bot feeds storage tests bench -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

$(MADE):
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "Kaigi needs Python 3.11 or newer, and '$(PYTHON)' was not found. Name one: make PYTHON=/path/to/python3 install" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Kaigi needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.13 install" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(RUNTIME): requirements.lock $(MADE)
	@echo "Installing what Kaigi needs into $(VENV) ..."
	@$(PIP) install --no-deps --require-hashes -r requirements.lock
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@echo "Installing the tools for tests and checks into $(VENV) ..."
	@$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

$(READER): $(MADE)
	@echo "Installing lemon24/reader into $(BENCH_VENV), to measure against it ..."
	@$(PYTHON) -m venv --clear $(BENCH_VENV)
	@$(BENCH_VENV)/bin/python -m pip --disable-pip-version-check -qq install reader==3.26 sgmllib3k==1.0.0
	@touch $@

$(JUDGE): $(MADE)
	@echo "Installing aiogram into $(JUDGE_VENV), to judge calls with it ..."
	@$(PYTHON) -m venv --clear $(JUDGE_VENV)
	@$(JUDGE_VENV)/bin/python -m pip --disable-pip-version-check -qq install aiogram==3.31.0
	@touch $@

$(KAIGI): pyproject.toml $(RUNTIME)
	@$(PIP) install --no-deps --editable .
	@touch $@
