# make run    opens the visualizer; arguments in ARGS, as in: make run ARGS="run ping_pong"
# make test   runs all checks and tests; pytest's arguments in ARGS
# make soak   runs those that can take longer for thoroughness' sake: more and new random programs, models and texts
# make truth  compares new random programs of each language with their traces, as many as ARGS says (ARGS=--help)
# make stalls runs tests on a machine that keeps stopping what they start: tests/tracers, or those in ARGS
# make node   installs what node's world has to check exports with (Mermaid, axe-core, speedscope, reveal.js) into NODE
# make bench  prints what recording costs, make explore what a long trace costs to look at; make suites compares greenlet's, gevent's, asyncio's and threading's own tests bare and recorded
# make pictures  makes the README's pictures and the gallery of scenarios anew; with ARGS=--record, from new recordings
# make real   compares programs that people run (gunicorn, celery, twisted, ...), bare and recorded, in an environment of their own
#
# All make what they need in VENV, from PYTHON, and do so again only when pyproject.toml or the recorder in C has changed.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
EXTRAS ?= test,checks
TESTS ?=
NODE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/visualizer-tests
export NODE_PACKAGES = $(NODE)

BIN := $(VENV)/bin
BUILT_FROM := pyproject.toml hatch_build.py visualizer/tracers/_recorder.c
# pip itself says nothing for a minute or two.
INSTALLING = echo "Installing into $(VENV) ..." >&2
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
# Where nothing is kept that was compiled, each of the programs that the tests start compiles all of its modules anew.
COMPILED = env -u PYTHONDONTWRITEBYTECODE
PYTEST = $(COMPILED) $(BIN)/pytest --numprocesses auto --dist worksteal --quiet
MAKEFLAGS += --no-print-directory

.PHONY: run test checks pytest soak truth stalls node bench explore suites pictures real clean

# Where stdout is no terminal there is nothing to open, and a scenario's timeline is printed instead.
run: $(VENV)/.runs
	@if [ -n "$(strip $(ARGS))" ]; then exec $(BIN)/visualizer $(ARGS); \
	elif [ -t 1 ]; then exec $(BIN)/visualizer; \
	else exec $(BIN)/visualizer run gevent_sleeps; fi

# What takes long is checked while the tests run: that keeps only one processor busy.
test: $(VENV)/.tests
	$(BIN)/ruff check
	@$(MAKE) --jobs=2 checks pytest

checks:
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/mypy
	$(BIN)/mypy --python-version 3.14 visualizer/tracers

pytest:
	$(PYTEST) $(ARGS)

soak: $(VENV)/.tests
	SOAK=1 PYTEST_TIMEOUT=0 $(PYTEST) $(or $(ARGS),tests/truth tests/unit tests/tracers)

truth: $(VENV)/.tests
	@$(COMPILED) $(BIN)/python -m tests.truth $(ARGS)

stalls: $(VENV)/.tests
	@$(COMPILED) $(BIN)/python -m tests.stalls $(or $(ARGS),tests/tracers)

node:
	@rm -rf $(NODE).new && mkdir -p $(NODE).new
	@npm install --prefix $(NODE).new --no-save --no-audit --no-fund --silent --ignore-scripts \
	    mermaid@11 axe-core@4 speedscope@1 reveal.js@6 >&2
	@rm -rf $(NODE) && mv $(NODE).new $(NODE)

bench: $(VENV)/.tests
	@$(BIN)/python -m tests.benchmarks $(ARGS)

explore: $(VENV)/.tests
	@$(BIN)/python -m tests.benchmarks.explore $(ARGS)

suites: $(VENV)/.tests
	@$(BIN)/python -m tests.suites $(ARGS)

pictures: $(VENV)/.tests
	@$(BIN)/python -m tests.pictures $(ARGS)

real: .venv-real/.made
	@.venv-real/bin/python -m tests.real $(ARGS)

.venv-real/.made: $(BUILT_FROM) tests/real/requirements.txt
	@$(MAKE) VENV=.venv-real .venv-real/bin/python
	@.venv-real/bin/python -m pip --disable-pip-version-check --quiet install --editable . -r tests/real/requirements.txt >&2
	@touch $@

clean:
	rm -rf $(VENV) .venv-real

# What is said while installing goes to stderr: stdout is for the timeline alone. What is imported is compiled then; of
# what is installed for the tests, most never is. What TESTS (or all) import is compiled once, not by each worker. That
# pip which comes with an older Python takes twice as long to find it all.
$(VENV)/.runs: $(BUILT_FROM) $(VENV)/bin/python
	@$(INSTALLING)
	@$(PIP) --editable '.[scenarios]' >&2
	@touch $@

$(VENV)/.tests: $(BUILT_FROM) $(VENV)/bin/python
	@$(INSTALLING)
	@$(PIP) --no-compile --upgrade pip >&2
	@$(PIP) --no-compile --editable '.[$(EXTRAS)]' >&2
	@-$(COMPILED) $(BIN)/pytest --collect-only --quiet $(TESTS) >/dev/null
	@touch $@ $(VENV)/.runs

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	    echo "The visualizer needs Python 3.11 or later, and there is no $(PYTHON) here." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "The visualizer needs Python 3.11 or later; $(PYTHON) is older or does not start." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >&2 || { \
	    rm -rf $(VENV); echo "$(PYTHON) could not make a virtual environment in $(VENV)." >&2; exit 1; }
