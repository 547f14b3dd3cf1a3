# Everything starts from a bare machine: Python 3.11 or newer and make. `make help` lists what there is.
# Paths stay relative, so a checkout may live below a directory with spaces in its name.
MAKEFLAGS += --no-print-directory
# Some machines forbid Python to keep bytecode. A test run starts hundreds of processes: each would compile all it imports.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
EMBEDDED := $(VENV_PYTHON) -m portal.embedded exec
# Which tests, and anything else for pytest: make test PYTEST="tests/rules -k icons"
PYTEST ?=
# What else for the pictures.
SCREENS ?=
# Which benchmark, and its options; all of them briefly without.
BENCH ?=
# One more than the usual two cores: many tests wait for processes that they started.
TEST_PROCESSES ?= 3
# The variables production must set, with values that hold for one check.
AS_IN_PRODUCTION = DJANGO_SETTINGS_MODULE=portal.settings.base SITE_URL=https://portal.example \
	ALLOWED_HOSTS=portal.example SECRET_KEY=$(shell head -c 60 /dev/urandom | base64 -w 0) \
	FIELD_ENCRYPTION_KEYS=$(shell head -c 32 /dev/urandom | base64 -w 0 | tr '+/' '-_')
TEMPLATES := $(wildcard templates)

.DEFAULT_GOAL := help
.PHONY: help run test lint format messages client schema wheel sbom bench screens design lock clean environment environment-dev

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: environment  ## start the whole portal (HOST=, PORT=, or your own DATABASE_URL=, REDIS_URL=)
	@exec env DJANGO_SETTINGS_MODULE=portal.settings.development $(EMBEDDED) --keep var -- $(VENV_PYTHON) manage.py up

test: environment-dev  ## run every test against throw-away services (PYTEST="tests/rules -x")
	@exec $(EMBEDDED) -- $(VENV_PYTHON) -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder -r R --durations 20 $(PYTEST)

lint: environment-dev  ## style, types, import contracts, migrations, deployment checks, templates
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m mypy
	$(VENV_PYTHON) -c "from importlinter.cli import lint_imports_command; lint_imports_command()" --no-cache
	@echo "manage.py makemigrations --check"
	@$(EMBEDDED) -- env $(AS_IN_PRODUCTION) $(VENV_PYTHON) manage.py makemigrations --check --dry-run
	@echo "manage.py check --deploy"
	@env DATABASE_URL=postgres://localhost/portal REDIS_URL=redis://localhost $(AS_IN_PRODUCTION) \
		$(VENV_PYTHON) manage.py check --deploy --fail-level WARNING
	@$(VENV_PYTHON) .ci/vulnerabilities.py
	@echo "manage.py schema --check"
	@env DATABASE_URL=postgres://localhost/portal REDIS_URL=redis://localhost $(AS_IN_PRODUCTION) \
		$(VENV_PYTHON) manage.py schema --check
ifneq ($(TEMPLATES),)
	$(VENV_PYTHON) -m djlint --check --lint templates
endif

format: environment-dev  ## rewrite Python and templates in the project's style
	$(VENV_PYTHON) -m ruff check --fix .
	$(VENV_PYTHON) -m ruff format .
ifneq ($(TEMPLATES),)
	-$(VENV_PYTHON) -m djlint --reformat --quiet templates
endif

messages: environment-dev  ## gather texts into the catalogues of portal/locale and compile them (needs gettext)
	@mkdir -p portal/locale
	env DATABASE_URL=postgres://localhost/portal REDIS_URL=redis://localhost $(AS_IN_PRODUCTION) \
		$(VENV_PYTHON) manage.py makemessages --all --no-location --no-wrap --no-obsolete \
		$(foreach folder,.venv tests benchmarks var build,--ignore '$(folder)/*')
	env DATABASE_URL=postgres://localhost/portal REDIS_URL=redis://localhost $(AS_IN_PRODUCTION) \
		$(VENV_PYTHON) manage.py compilemessages --ignore '.venv/*'

client: environment-dev  ## write the typed client of certport, and the schema it is made from
	env DATABASE_URL=postgres://localhost/portal REDIS_URL=redis://localhost $(AS_IN_PRODUCTION) \
		$(VENV_PYTHON) manage.py client
	@$(MAKE) schema

schema: environment-dev  ## write docs/openapi.yaml, and say what breaks programs written for the last release
	env DATABASE_URL=postgres://localhost/portal REDIS_URL=redis://localhost $(AS_IN_PRODUCTION) \
		$(VENV_PYTHON) manage.py schema

wheel: environment-dev  ## pack certport, which stands alone, into build/dist
	rm -rf build/certport && mkdir -p build/certport build/dist
	tar cf - --exclude __pycache__ portal/certport certification/attestation certification/rules connectors/confinement connectors/definitions | tar xf - -C build/certport
	mv build/certport/portal/certport/pyproject.toml build/certport/portal/certport/README.md build/certport/
	cp LICENSE build/certport/
	$(VENV_PYTHON) -m uv build --wheel --out-dir build/dist build/certport

sbom: environment-dev  ## write what production is made of, as CycloneDX, to build/sbom.json
	mkdir -p build
	$(VENV_PYTHON) -m cyclonedx_py requirements requirements.lock --pyproject pyproject.toml --output-reproducible \
		--validate --of JSON -o build/sbom.json

bench: environment-dev  ## measure pages, uploads, validations, telemetry and polls (BENCH="fleet --part polls")
	@exec $(EMBEDDED) -- $(VENV_PYTHON) -m benchmarks $(BENCH)

screens: environment-dev  ## picture the main pages of the demo world into docs/screens (SCREENS="--only rollout")
	@exec env DJANGO_SETTINGS_MODULE=portal.settings.development $(EMBEDDED) --keep var/screens -- \
		$(VENV_PYTHON) -m tests.screens $(SCREENS)

design: environment-dev  ## write anew how each component of the sheet looks, after a change that is meant
	@exec $(EMBEDDED) -- env DESIGN=renew $(VENV_PYTHON) -m pytest -q tests/browser/test_design_sheet.py -k agreed

lock: environment-dev  ## resolve pyproject.toml anew into the two lock files
	$(VENV_PYTHON) -m uv pip compile pyproject.toml --extra trial --extra observability --generate-hashes --no-emit-index-url \
		--python-version 3.11 --custom-compile-command "make lock" --quiet -o requirements.lock
	$(VENV_PYTHON) -m uv pip compile pyproject.toml --extra trial --extra observability --extra dev --generate-hashes --no-emit-index-url \
		--python-version 3.11 --custom-compile-command "make lock" --quiet -c requirements.lock -o requirements-dev.lock
	$(VENV_PYTHON) -m uv pip compile tests/paconn/requirements.in --generate-hashes --no-emit-index-url --no-annotate \
		--python-version 3.11 --custom-compile-command "make lock" --quiet -o tests/paconn/requirements.lock

clean:  ## remove the environment and every cache; your data in var/ stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache htmlcov .coverage
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

environment:
	@$(PYTHON) portal/embedded/bootstrap.py requirements.lock

environment-dev:
	@$(PYTHON) portal/embedded/bootstrap.py requirements-dev.lock --tests
