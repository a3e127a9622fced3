# Everything here works from an empty clone. Settings are given as `make run API_PORT=9000`, or in the environment.
UV_VERSION := 0.13.9
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV := .tools/bin/uv
RUN := .venv/bin/python -m

export UV_SYSTEM_CERTS := 1
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1

.PHONY: install environment run demo token banking test bench faults sabotage lock clean

install: ## tools and environment, nothing started; a moment when nothing changed
	@state="$$(pwd) $$(cat pyproject.toml requirements.lock | cksum)"; \
	if [ "$$state" != "$$(cat .venv/installed 2>/dev/null)" ]; then \
	  $(MAKE) --no-print-directory environment >&2 && echo "$$state" > .venv/installed; fi

environment: $(UV)
	@echo "Installing into .venv, from requirements.lock"
	@$(UV) venv --quiet --allow-existing --python "$(PYTHON)" .venv
	@$(UV) pip sync --quiet --require-hashes requirements.lock
	@$(UV) pip install --quiet --no-build-isolation --no-deps --editable .

$(UV):
	@[ -n "$(PYTHON)" ] || { echo "No Python 3.11 or newer found. Install one, or: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Installing uv $(UV_VERSION) into .tools"
	@"$(PYTHON)" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --upgrade \
	    --target .tools uv==$(UV_VERSION) \
	  || { echo "Without pip, then: in a venv" && "$(PYTHON)" -m venv .tools/venv \
	    && .tools/venv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) \
	    && mkdir -p .tools/bin && ln -sf ../venv/bin/uv $(UV); } \
	  || { echo "uv could not be installed: see above; Debian may lack python3-venv."; exit 1; }

run: install ## the service on your desk, with a synced sandbox bank, until Ctrl-C
	@$(RUN) sandbox.stack run

demo: install ## the same, then proves the ledger equal to the bank's, and stops
	@$(RUN) sandbox.stack demo

token: install ## a bearer token of the running stack: make token OWNER=name
	@$(RUN) sandbox.stack token --owner "$${OWNER:-demo}"

banking: install ## the operators' commands on that stack: make banking ARGS="connections list"
	@$(RUN) sandbox.stack banking $(ARGS)

test: install ## lint, types, all tests, on servers of its own
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	env -u DATABASE_URL -u MIGRATION_DATABASE_URL -u REDIS_URL $(RUN) pytest -n 2 --dist loadfile --no-loadscope-reorder

bench: install ## figures and ratios as one JSON object: make bench ONLY=sync
	@$(RUN) benchmarks

faults: install ## the fault matrix: one line a case, at most 25 minutes
	@$(RUN) tests.faults

sabotage: install ## ten deliberate bugs, each caught by the tests
	@$(RUN) tests.sabotage

lock: $(UV) ## requirements.lock anew from pyproject.toml
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
	  --extra dev pyproject.toml -o requirements.lock

clean: ## removes what the others made, the ledger in .data included
	@[ ! -e .data/lock ] || flock -n .data/lock true || { echo "A stack is running on .data: stop it first."; exit 1; }
	rm -rf .data .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
