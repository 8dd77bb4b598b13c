# Two commands do all the set-up: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
export TIPOFF_DATA ?= $(if $(wildcard ../shared/data),$(abspath ../shared/data),)
ifeq ($(TIPOFF_DATA),)
unexport TIPOFF_DATA
endif

.PHONY: demo test prove check format lock clean

.venv/ready: requirements.lock pyproject.toml
	@echo "setting up .venv (once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: .venv/ready  ## replay 14 days of the sample league, show the grid and the accuracy
	@rm -rf .tipoff/demo
	@$(BIN)/tipoff demo

test: .venv/ready  ## all tests that take minutes at most
	@$(BIN)/pytest

prove: .venv/ready  ## every figure that the documents name; resumable, writes docs/evidence
	@$(BIN)/python -m benchmarks.prove

check: .venv/ready  ## format, lint, types, house rules
	@$(BIN)/ruff format --check src tests benchmarks
	@$(BIN)/ruff check src tests benchmarks
	@$(BIN)/mypy
	@$(BIN)/pytest tests/house

format: .venv/ready
	@$(BIN)/ruff format src tests benchmarks
	@$(BIN)/ruff check --fix src tests benchmarks

lock:  ## resolve pyproject.toml anew into requirements.lock: versions and hashes, no addresses
	@$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv
	@.venv-lock/bin/uv pip compile pyproject.toml --extra models --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --no-annotate --quiet -o requirements.lock

clean:
	@rm -rf .venv .venv-lock .tipoff
