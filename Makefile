# One command per purpose. Each works as the first one on a fresh clone: what it needs is set up on the way.
#
# Variables:
#   ARGS=...      more arguments for the program behind the target, as in: make chaos ARGS="--chaos-seed=7"
#   PYTHON=...    the Python 3.13 to use, where it is in an unusual place

ARGS ?=
BIN := .venv/bin
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help chaos test lint format bench lock clean bootstrap majors clients

help: ## list these commands
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do printf '%-16s %s\n' "$$name" "$$what"; done

# Three workers, which two processors keep up with, for a test mostly waits; tests that measure time run alone all the same, because each waits for its
# turn. ARGS="-n 0" runs everything in one process.
chaos: bootstrap ## run the chaos suite against FraiseQL and PostgreSQL, and report
	@$(BIN)/pytest tests/chaos -v -p no:randomly -n 3 $(ARGS)

test: lint majors clients ## everything: lint, the tool's own tests, the chaos suite
	@$(BIN)/pytest tests $(ARGS)

lint: bootstrap ## style and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

format: bootstrap ## let ruff mend what it can
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: bootstrap ## measure the instrument itself
	@for file in benchmarks/*.py; do $(BIN)/python "$$file" $(ARGS) || exit; done

lock: bootstrap ## write requirements/dev.txt again; ARGS=--upgrade moves every pin
	@sh scripts/lock.sh $(ARGS)

clean: ## remove the environment and the caches; stored runs in .chaos stay
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

# The oldest supported PostgreSQL too, so that what holds on the newest is not all that was tried.
majors: bootstrap
	@sh scripts/postgres.sh 14

# Toxiproxy's own clients, which must work unchanged against our server.
clients: bootstrap
	@sh scripts/toxiproxy-clients.sh

# A run starts many processes; none should compile our modules again, also where PYTHONDONTWRITEBYTECODE keeps them from being kept.
bootstrap:
	@sh scripts/bootstrap.sh
	@$(BIN)/python -m compileall -q src
