# make run    opens the visualizer; arguments in ARGS, as in: make run ARGS="run ping_pong"
# make test   runs all checks and tests; pytest's arguments in ARGS
# make soak   runs those that can take longer for thoroughness' sake: more and new random programs, models and texts
# make bench  prints what recording costs, make explore what a long trace costs to look at; make suites compares greenlet's, gevent's and asyncio's own tests bare and recorded
# make real   compares programs that people run (gunicorn, celery, twisted, ...), bare and recorded, in an environment of their own
#
# All make what they need in VENV, from PYTHON, and do so again only when pyproject.toml has changed.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
# Where nothing is kept that was compiled, each of the programs that the tests start compiles all of its modules anew.
PYTEST = env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest --numprocesses auto --dist worksteal --quiet
MAKEFLAGS += --no-print-directory

.PHONY: run test types pytest soak bench explore suites real clean

# Where stdout is no terminal there is nothing to open, and a scenario's timeline is printed instead.
run: $(VENV)/.runs
	@if [ -n "$(strip $(ARGS))" ]; then exec $(BIN)/visualizer $(ARGS); \
	elif [ -t 1 ]; then exec $(BIN)/visualizer; \
	else exec $(BIN)/visualizer run gevent_sleeps; fi

# Types are checked while the tests run: that keeps only one processor busy.
test: $(VENV)/.tests
	$(BIN)/ruff check
	$(BIN)/lint-imports --no-logo --no-cache
	@$(MAKE) --jobs=2 types pytest

types:
	$(BIN)/mypy
	$(BIN)/mypy --python-version 3.14 visualizer/tracers

pytest:
	$(PYTEST) $(ARGS)

soak: $(VENV)/.tests
	SOAK=1 $(PYTEST) $(or $(ARGS),tests/truth tests/unit tests/tracers)

bench: $(VENV)/.tests
	@$(BIN)/python -m tests.benchmarks $(ARGS)

explore: $(VENV)/.tests
	@$(BIN)/python -m tests.benchmarks.explore $(ARGS)

suites: $(VENV)/.tests
	@$(BIN)/python -m tests.suites $(ARGS)

real: .venv-real/.made
	@.venv-real/bin/python -m tests.real $(ARGS)

.venv-real/.made: pyproject.toml tests/real/requirements.txt
	@$(MAKE) VENV=.venv-real .venv-real/bin/python
	@.venv-real/bin/python -m pip --disable-pip-version-check --quiet install --editable . -r tests/real/requirements.txt >&2
	@touch $@

clean:
	rm -rf $(VENV) .venv-real

# What is said while installing goes to stderr: stdout is for the timeline alone. What is imported is compiled then; of
# what is installed for the tests, most never is.
$(VENV)/.runs: pyproject.toml $(VENV)/bin/python
	@$(PIP) --editable '.[scenarios]' >&2
	@touch $@

$(VENV)/.tests: pyproject.toml $(VENV)/bin/python
	@$(PIP) --no-compile --editable '.[test]' >&2
	@touch $@ $(VENV)/.runs

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	    echo "The visualizer needs Python 3.11 or later, and there is no $(PYTHON) here." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "The visualizer needs Python 3.11 or later; $(PYTHON) is older or does not start." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >&2 || { \
	    rm -rf $(VENV); echo "$(PYTHON) could not make a virtual environment in $(VENV)." >&2; exit 1; }
