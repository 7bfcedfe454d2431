# make demo | test | bench | figures: each sets up what it needs in .venv the first time.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test bench figures format clean

demo: $(VENV)/.demo
	$(BIN)/vyraz demo

test: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

bench: $(VENV)/.demo
	$(BIN)/python benchmarks/bench.py

# What is measured of the shipped networks, and the tables of the documents: make figures DATA=fer2013.npz
figures: $(VENV)/.dev
	@test -f "$(DATA)" || { echo "which data? make figures DATA=fer2013.npz" >&2; exit 1; }
	$(BIN)/python benchmarks/calibration.py --data $(DATA) -o docs/calibration.json
	$(BIN)/python benchmarks/robustness.py --data $(DATA) -o docs/robustness.json
	$(BIN)/python benchmarks/framing.py --data $(DATA) -o docs/framing.json
	$(BIN)/python benchmarks/frontier.py -o docs/frontier.png
	$(BIN)/vyraz evaluate --model small --data $(DATA) --split PublicTest --mirrored --json > docs/mirrored.tmp
	mv docs/mirrored.tmp docs/mirrored.json
	$(BIN)/python tools/figures.py

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist demo .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.demo: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[plots,parquet]'
	touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/.demo

# Debian leaves venv out of python3; as root it is installed, others are told.
$(VENV)/.made:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "vyraz needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -qqy python3-venv; } || { echo "Python's venv is missing: sudo apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@
