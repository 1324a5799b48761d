# hyperwatt: `make demo` and `make test` do everything on a fresh machine that has Python 3.11, 3.12 or 3.13.

SUITABLE = import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(SUITABLE)' 2>/dev/null && echo $$python && break; done)
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check -qq
UV = uv==0.13.9

.DEFAULT_GOAL = help
.PHONY: help demo test lint format docs pictures bench lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/.installed ## a small campus with faults in it, from files to extracts; says where the results are
	@$(BIN)/hyperwatt demo

# Two processes with two OpenMP threads each wait for one another on two cores: fits took eight times as long. A file's
# tests stay together, for what they share takes long to make; in their order, for the longest file has few tests.
test: lint $(VENV)/.installed-tabcmd ## lint, types and all tests
	@OMP_NUM_THREADS=1 HYPERWATT_TEST_TABCMD=$(VENV)/tabcmd/bin/tabcmd $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q --durations=15

lint: $(VENV)/.installed-test ## ruff and mypy
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy

format: $(VENV)/.installed-test ## put the code into the project's format
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format .

docs: $(VENV)/.installed-test ## write the generated tables of README.md anew
	@$(BIN)/cog -r README.md

# Drawn at their own size, not at the double one of OUT/preview: a page of text needs no more.
PICTURES = from pathlib import Path; from workbooks.preview_png import png; \
	[(Path("workbooks/pictures") / (name.lower().replace(" ", "-") + ".png")).write_bytes( \
	png((Path("out/pictures/preview/energy") / f"{name}.svg").read_text("utf-8"), 1.0)) \
	for name in ("Overview", "Load profile", "What comes next")]

pictures: $(VENV)/.installed-test ## draw the pictures of README.md anew, from the demo
	@$(BIN)/hyperwatt demo --out out/pictures >/dev/null
	@$(BIN)/hyperwatt forecast --out out/pictures >/dev/null
	@$(BIN)/hyperwatt workbook preview --out out/pictures --choices 0 >/dev/null
	@mkdir -p workbooks/pictures && $(BIN)/python -c '$(PICTURES)'

bench: $(VENV)/.installed-test ## every benchmark as a ratio against a reference of the same run
	@$(BIN)/python -m benchmarks

# One lock is right for Python 3.11 to 3.13 on Linux, macOS and Windows: where they differ it carries markers.
COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --upgrade --group editable --generate-hashes --universal \
	--python-version 3.11 --fork-strategy fewest --custom-compile-command "make lock"

lock: $(VENV)/bin/python ## look for newer dependencies and write the lock files
	@$(PIP) install $(UV)
	@$(COMPILE) --output-file requirements.lock
	@$(COMPILE) --constraints requirements.lock --all-extras --output-file requirements-test.lock
	@$(BIN)/uv pip compile --quiet --upgrade --group pyproject.toml:tabcmd --generate-hashes --universal \
		--python-version 3.11 --custom-compile-command "make lock" --output-file requirements-tabcmd.lock

clean: ## take away what was made here (the demo's results too)
	@rm -rf $(VENV) out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "hyperwatt needs Python 3.11, 3.12 or 3.13 (or: make PYTHON=...)" >&2; exit 1; }
	@echo "Making $(VENV) with $(PYTHON)" >&2
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing dependencies (only when the lock has changed)" >&2
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-test: requirements-test.lock $(VENV)/.installed
	@$(PIP) install --require-hashes --requirement requirements-test.lock
	@touch $@

$(VENV)/.installed-tabcmd: requirements-tabcmd.lock | $(VENV)/bin/python
	@$(BIN)/python -m venv $(VENV)/tabcmd
	@$(VENV)/tabcmd/bin/python -m pip --disable-pip-version-check -qq install --require-hashes --requirement $<
	@touch $@
