# One target per intention. Everything runs in .venv, which the first target that needs it makes.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
INFRA_BIN := .venv-infra/bin
INFRA_READY := .venv-infra/.ready
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

.PHONY: demo test coverage check lint types stage bench iam infra-check audit lock setup clean

demo: $(READY) ## run the whole story on the stand-in cloud (ARGS=--json for machines)
	@./prodgate demo $(ARGS)

# A file's tests share what they set up, so they stay on one worker; in their own order, the longest files come early.
test: $(READY) ## every test; PYTEST_ARGS to choose, COVERAGE=1 to measure
	@$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder $(if $(COVERAGE),--cov --cov-report=) $(PYTEST_ARGS)

coverage: $(READY) ## hold what `make test COVERAGE=1` measured against what is promised
	@$(BIN)/coverage report --include='shared/domain/*,shared/workflow/*' --fail-under=100
	@$(BIN)/coverage report --include='shared/clients/*,shared/runtime/*,functions/*' --fail-under=90

check: lint types test ## what a pull request must pass

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY)
	@$(BIN)/mypy

stage: $(READY) ## dist/<function>/ and dist/<function>.zip, each as it is deployed
	@$(BIN)/python -m infra.staging

bench: $(READY) ## one JSON object per figure
	@$(BIN)/python -m bench $(ARGS)

iam: $(READY) ## docs/iam.md: who may do what, out of what Terraform applies
	@$(BIN)/python -m tests.infra.matrix

infra-check: $(INFRA_READY) ## infra/, workflows and scripts by judges that nobody here wrote
	@$(INFRA_BIN)/python -m infra.judges

audit: $(INFRA_READY) ## known vulnerabilities of what is deployed; asks PyPI's own interface, which a mirror may lack
	@$(INFRA_BIN)/pip-audit --strict --disable-pip --require-hashes --requirement requirements.txt

lock: $(READY) ## resolve requirements*.in anew; nothing younger than a week
	@$(BIN)/python -m infra.lock

setup: $(READY)

# pip alone needs a minute for what uv installs in fifteen seconds; where uv cannot reach the index, pip does it.
$(READY): requirements-dev.txt requirements-setup.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "prodgate needs Python 3.11 or newer; set PYTHON=python3.11, say")'
	@echo "setting up .venv (once) ..." >&2
	@$(PYTHON) -m venv .venv || { echo "python3 -m venv failed; on Debian: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements-dev.txt \
		|| $(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

# actionlint is a Go program, and its package for Python downloads it from elsewhere: without Go it is left out, which
# infra/judges.py says, and fails for where PRODGATE_EVERY_JUDGE is set.
$(INFRA_READY): requirements-infra.txt requirements-setup.txt | $(READY)
	@echo "setting up .venv-infra (once) ..." >&2
	@$(PYTHON) -m venv .venv-infra
	@$(BIN)/uv pip sync --quiet --python $(INFRA_BIN)/python --require-hashes requirements-infra.txt \
		|| $(INFRA_BIN)/pip install --quiet --require-hashes -r requirements-infra.txt
	@if command -v go >/dev/null; then \
		GOBIN=$(CURDIR)/$(INFRA_BIN) go install $(ACTIONLINT) || echo "actionlint could not be built" >&2; fi
	@touch $@

clean:
	@rm -rf .venv .venv-infra dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
