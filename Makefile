# Each target sets up .venv by itself when it is missing or older than the pins.
PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS ?= 2

.PHONY: demo test check bench style

demo: .venv/ready
	$(BIN)/kakugo demo $(ARGS)

test: .venv/ready check
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadgroup

check: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready
	$(BIN)/pytest tests/bench -s

style: .venv/ready
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Kakugo needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt "torch==2.13.0"
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[all]"
	# its pin on an old huggingface-hub is out of date: it runs with 2.x, the resolver must not see it
	$(BIN)/pip install --quiet --constraint constraints.txt --no-deps text-generation
	touch $@
