# Targets: run (the product), test, check, bench. Each works from a fresh clone.

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13 python3.14; do \
	"$$name" -c '$(NEW_ENOUGH)' 2>/dev/null && { echo "$$name"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-compile --require-hashes
ROOT_APT := [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null

# Where the environment forbids compiled modules every start would compile all of them again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run test check bench chaos fuzz

help:
	@echo "make run    start everything: servers, web, workers, demo data (Ctrl-C stops it)"
	@echo "make test   the tests, against real servers on ports of their own"
	@echo "make check  format, lint, types, import rules, migrations, deploy checks, OpenAPI"
	@echo "make fuzz   schemathesis against the whole API, FUZZ_EXAMPLES=20 an operation and role"
	@echo "make bench  the benchmarks, one line of JSON a figure"
	@echo "make chaos  readings while servers and listeners are killed, the long form (up to ten minutes)"

run: $(VENV)/.installed
	@exec $(BIN)/python -m config.launcher --tied

test: $(VENV)/.installed-dev
	@$(ROOT_APT) && { command -v chromium >/dev/null || missing=chromium; \
		command -v mosquitto >/dev/null || missing="$$missing mosquitto"; \
		command -v mosquitto_pub >/dev/null || missing="$$missing mosquitto-clients"; \
		[ -z "$$missing" ] || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends $$missing; }; } >/dev/null || true
	@exec $(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python -m config.launcher.beside $(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(48))') DEBUG=0 DEMO=0 \
		PUBLIC_URL=https://water.example.com ALLOWED_HOSTS=water.example.com \
		$(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

fuzz: $(VENV)/.installed-dev
	@FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),20) $(BIN)/python -m pytest tests/api/test_fuzz.py $(PYTEST_ARGS)

bench: $(VENV)/.installed
	@exec $(BIN)/python -m benchmarks

chaos: $(VENV)/.installed-dev
	@CHAOS=full exec $(BIN)/python -m pytest tests/iot/chaos $(PYTEST_ARGS)

# The stamp is newer than the lock it was made from; a changed lock makes it again.
$(VENV)/.installed: requirements.lock
	@$(install)

$(VENV)/.installed-dev: requirements-dev.lock
	@$(install)

define install
$(BIN)/python -c 'import pip' 2>/dev/null || { $(make-venv) }; \
	echo "installing $< into $(VENV)"; \
	$(PIP_INSTALL) -r $< || { echo "pip could not install $<: see above. Is the package index reachable?" >&2; exit 1; }; \
	touch $@
endef

define make-venv
"$(or $(PYTHON),python3)" -c '$(NEW_ENOUGH)' 2>/dev/null || { \
	echo "Python 3.11 or newer is needed. Install it (Debian 12: sudo apt-get install python3 python3-venv;" >&2; \
	echo "Ubuntu 22.04: python3.11 python3.11-venv), or name one: make run PYTHON=/path/to/python3" >&2; exit 1; }; \
	"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "The venv module of $(PYTHON) is missing: sudo apt-get install python3-venv" >&2; exit 1; }; \
	"$(PYTHON)" -m venv $(VENV) || exit 1;
endef
