# Two commands do all the set-up: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
export TIPOFF_DATA ?= $(if $(wildcard ../shared/data),$(abspath ../shared/data),)
ifeq ($(TIPOFF_DATA),)
unexport TIPOFF_DATA
endif

unexport PYTHONDONTWRITEBYTECODE  # tests start hundreds of processes, and each would compile all that it imports

.PHONY: demo quick evidence test test-bigquery prove emulator check format reference lock clean

.venv/ready: requirements.lock pyproject.toml packages/tipoff-audit/pyproject.toml
	@echo "setting up .venv (once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e packages/tipoff-audit
	@touch $@

demo: .venv/ready  ## replay 14 days of the sample league, show the grid and the accuracy
	@rm -rf .tipoff/demo
	@$(BIN)/tipoff demo

test: .venv/ready .venv-emulator/ready  ## all tests that take minutes at most
	@$(BIN)/pytest -n auto --dist worksteal

quick: .venv/ready  ## the tests of every rule and of the house, while writing
	@$(BIN)/pytest -q -n $$($(BIN)/python -c 'import os; print(os.cpu_count())') --dist worksteal -p no:logging tests/unit tests/house  # none of them waits or asks what was logged

prove: .venv/ready .venv-emulator/ready  ## every figure that the documents name, or those of CLAIMS="drills stops"; resumable, writes docs/evidence
	@$(BIN)/python -m benchmarks.prove $(CLAIMS)

.venv-emulator/ready: requirements-emulator.lock
	@$(PYTHON) -m venv .venv-emulator
	@.venv-emulator/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-emulator.lock
	@touch $@

emulator: .venv-emulator/ready  ## an emulator of BigQuery to try the warehouse on, at http://127.0.0.1:9050
	@.venv-emulator/bin/python -m tests.emulator.serve --port 9050

test-bigquery: .venv/ready  ## what every warehouse promises, on a real project: make test-bigquery PROJECT=my-project [LOCATION=EU]
	@test -n "$(PROJECT)" || { echo "name a project that may be written to: make test-bigquery PROJECT=my-project"; exit 2; }
	@BIGQUERY_TEST_PROJECT=$(PROJECT) BIGQUERY_TEST_LOCATION=$(or $(LOCATION),US) \
	  $(BIN)/pytest tests/contract/test_warehouse.py -k bigquery -m 'prove or not prove' -v

check: .venv/ready  ## format, lint, types, house rules, and the audit of this code itself
	@$(BIN)/ruff format --check src packages tests benchmarks
	@$(BIN)/ruff check src packages tests benchmarks
	@$(BIN)/mypy
	@$(BIN)/tipoff audit
	@$(BIN)/pytest tests/house

format: .venv/ready
	@$(BIN)/ruff format src packages tests benchmarks
	@$(BIN)/ruff check --fix src packages tests benchmarks

reference: .venv/ready  ## docs/reference.md and the pages of drills, audit rules, checks, runs and mutations, from the code and the evidence
	@$(BIN)/python -m benchmarks.reference > docs/reference.md
	@$(BIN)/python -m benchmarks.drill_page > docs/drills.md
	@$(BIN)/python -m benchmarks.trying_page > docs/what-trying-found.md
	@$(BIN)/python -m benchmarks.audit_page > docs/audit-rules.md
	@$(BIN)/python -m benchmarks.checks_page > docs/checks.md
	@$(BIN)/python -m benchmarks.decision_index > docs/decisions/README.md
	@$(BIN)/python -m benchmarks.recorded_runs > docs/recorded-runs.md
	@test ! -e docs/evidence/mutation_score.json || $(BIN)/python -m benchmarks.mutation_page > docs/mutation-score.md

evidence: .venv/ready  ## docs/evidence.md: each claim, its measurement, and since when it is stale
	@$(BIN)/python -m benchmarks.evidence_page > docs/evidence.md
	@$(BIN)/python -m benchmarks.trying_page > docs/what-trying-found.md

lock:  ## resolve pyproject.toml anew into the three locks: versions and hashes, no addresses
	@$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv
	@.venv-lock/bin/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --no-emit-package tipoff-audit --no-annotate --quiet -o requirements.lock
	@.venv-lock/bin/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 -c requirements.lock \
	  --generate-hashes --no-header --no-emit-index-url --no-emit-package tipoff-audit --no-annotate --quiet -o requirements-image.lock
	@.venv-lock/bin/uv pip compile requirements-emulator.in --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --no-emit-package tipoff-audit --no-annotate --quiet -o requirements-emulator.lock

wheel: .venv/ready  ## the wheel, and the auditor's, into dist/
	@rm -rf dist
	@$(BIN)/python -m hatchling build -t wheel
	@cd packages/tipoff-audit && ../../$(BIN)/python -m hatchling build -t wheel -d ../../dist

image: wheel  ## the one image, of the wheels in dist/; TAG names it
	@docker build --tag $(or $(TAG),tipoff) .

clean:
	@rm -rf .venv .venv-lock .venv-emulator .tipoff dist
