# Two commands matter: `make run` and `make test`. Both set up what they need.
PYTHON ?= python3
VENV   := .venv/bin

.PHONY: setup setup-tests run test check bench chaos lock tour

setup:
	@$(PYTHON) installer/bootstrap.py

setup-tests:
	@$(PYTHON) installer/bootstrap.py --tests

run: setup
	@$(VENV)/signoff --demo

test: setup-tests
	@$(VENV)/python -m pytest -n 2 --dist loadgroup

check: setup-tests
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy
	@$(VENV)/codespell
	@$(VENV)/python -m pytest -q tests/architecture

bench: setup-tests
	@BENCH_SECONDS=$${BENCH_SECONDS:-600} $(VENV)/python -m tests.bench

# The long storms: hundreds of deaths while tens of thousands of messages are handled.
chaos: setup-tests
	@$(VENV)/python -m tests.chaos

tour: setup
	@QT_QPA_PLATFORM=offscreen $(VENV)/signoff --tour docs/images

# Renew the locks. Versions and hashes only: no committed file names a registry.
lock: setup
	@cd requirements && ../$(VENV)/uv pip compile -q bootstrap.in --universal --python-version 3.11 --generate-hashes --no-header -o bootstrap.lock
	@$(VENV)/uv pip compile -q pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --no-header -o requirements/dev.lock
	@$(VENV)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header -c requirements/dev.lock -o requirements/runtime.lock
	@$(VENV)/uv pip compile -q requirements/base-package.in --universal --python-version 3.11 --generate-hashes --no-header -o requirements/base-package.lock
