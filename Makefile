# Each target sets up .venv by itself when it is missing or older than the pins.
PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS ?= 2
# Otherwise each process that a test starts compiles everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test pytest check bench screenshots style browser

help:  ## list these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

demo: .venv/ready  ## run a complete request on this machine: no account, no GPU, no network
	$(BIN)/kakugo demo $(ARGS)

test: .venv/ready  ## run all checks and all tests
	@$(MAKE) --no-print-directory -j 2 check pytest

pytest: .venv/ready
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 4 --dist loadgroup

check: .venv/ready  ## lint, format, types and import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy spaces/bot/app.py
	# The other Spaces have modules of the same names.
	MYPYPATH=spaces:spaces/chat $(BIN)/mypy spaces/chat
	MYPYPATH=spaces:spaces/leaderboard $(BIN)/mypy spaces/leaderboard
	$(BIN)/lint-imports

bench: .venv/ready  ## run the benchmarks (minutes to hours); ARGS names some of them
	$(BIN)/pytest -s $(or $(ARGS),tests/bench)

screenshots: .venv/ready  ## run a demo, and take the README's pictures of it (minutes)
	$(BIN)/python -m tests.screenshots $(ARGS)

style: .venv/ready  ## fix what the linter can fix, and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

browser:  ## install Chromium and fonts for the browser tests (Debian or Ubuntu, as root)
	@for name in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do \
	  command -v $$name >/dev/null && exit 0; done; \
	command -v apt-get >/dev/null || { \
	  echo "make browser needs apt-get: install Chromium yourself, as 'chromium' on PATH" >&2; exit 1; }; \
	apt-get update -qq && export DEBIAN_FRONTEND=noninteractive && \
	  for name in chromium-headless-shell chromium; do \
	  apt-get install -y -qq --no-install-recommends $$name fonts-noto-core && exit 0; done; exit 1

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Kakugo needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt "torch==2.13.0"
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	# Its pin on an old huggingface-hub is out of date: it works with 2.x, so the resolver must not see it.
	$(BIN)/pip install --quiet --constraint constraints.txt --no-deps text-generation
	touch $@
