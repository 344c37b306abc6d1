# The commands of this project; what they do is in ops/. GNU Make >= 3.81 and POSIX tools.
VENV ?= .venv
export VENV
unexport PYTHONDONTWRITEBYTECODE
MAKEFLAGS += --no-print-directory

fits := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
found := $(shell for p in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.14); do \
	"$$p" -c '$(fits)' 2>/dev/null && { echo "$$p"; break; }; done)
python = $(or $(found),$(error Python 3.11 to 3.14 is needed, and $(or $(PYTHON),python3) is none: \
	install one, or name it, make $@ PYTHON=...))
activated = PATH="$$(cd "$(VENV)/bin" && pwd):$$PATH"

pytest = $(activated) python -m pytest -n auto --maxprocesses 4 --dist loadfile

.PHONY: help run start stop status logs test test-tables coverage test-containers test-kubernetes test-argocd test-lifecycle test-spark lint format \
	bench pictures reproduce lock demo-monitoring demo-year environment ready

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

run: ## everything up to a real score; the services stay
	@$(python) -m ops.run

start: ## the services again, after `make stop` or a restart
	@$(python) -m ops.manage start

stop: ## end all services
	@$(python) -m ops.manage stop

status: ## a line for each service
	@$(python) -m ops.manage status

logs: ## the end of each service's log
	@$(python) -m ops.manage logs

test: ready ## everything that must hold: style, types, tests
	@$(pytest) $(TESTS)

coverage: ready ## the tests, and how much of src they reach; it takes half as long again
	@$(pytest) --cov $(TESTS)

test-tables: environment ## 160 random tables instead of the 12 in `make test`
	@$(activated) TEST_TABLES=160 python -m pytest -n auto --maxprocesses 4 tests/compile/test_random_tables.py

test-containers: environment ## the dev container and the images, really built and used; needs Docker
	@$(activated) python -m pytest -m containers tests/containers $(TESTS)

test-kubernetes: environment ## overlay local really deployed and used; needs a cluster (KUBECONFIG), kubectl and Docker
	@$(activated) python -m pytest -m kubernetes tests/kubernetes $(TESTS)

test-argocd: environment ## commits really synced, promoted and rolled back; needs a cluster with Argo CD, kubectl and Docker
	@$(activated) python -m pytest -m argocd tests/argocd $(TESTS)

test-lifecycle: ready ## hundreds of kills, switches and resamples, a year, trainings from elsewhere; hours
	@$(activated) python -m pytest -m lifecycle tests/lifecycle $(TESTS)

test-spark: ready ## Spark reads the lake's tables and agrees; needs JDK 17 and Maven, 650 MB the first time
	@$(activated) python -m pytest -m spark tests/spark $(TESTS)

lint: environment ## style and types
	@$(activated); ruff check . && ruff format --check . && mypy

format: environment ## style, mended as far as ruff can; `make lint` names the rest
	@$(activated); ruff check --fix --exit-zero --quiet . && ruff format .

bench: ## the benchmarks
	@$(python) -m ops.bootstrap --minio
	@$(python) -m ops.kernel
	@$(activated); for file in benchmarks/[a-z]*.py; do \
		echo "== $$file"; python -m "benchmarks.$$(basename "$$file" .py)" || exit 1; done

pictures: ready ## the README's pictures, of the committed model behind the real page
	@$(activated) python -m tests.browser.pictures

demo-monitoring: environment ## fifteen months of simulated traffic, watched: a report, and a page until Ctrl-C
	@$(activated); python -m src.monitoring demo && python -m ops.demo

demo-year: environment ## a lender's simulated year: outcomes, drift, alert, retrained, promoted, each prediction proven
	@$(activated); python -m src.year

reproduce: ## the same bytes on every Python 3.11 to 3.13 of this machine?
	@$(python) -m ops.reproduce

compile = $(activated) uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock"

lock: ## compile requirements.in to requirements.txt; LOCK=--upgrade takes newer releases
	@[ -x "$(VENV)/bin/uv" ] || $(MAKE) environment
	@$(compile) $(LOCK) requirements.in --output-file requirements.txt
	@for image in serving fetch page pipeline batch lake; do \
		$(compile) --constraints requirements.txt "requirements-$$image.in" --output-file "requirements-$$image.txt" \
		|| exit 1; done

environment:
	@$(python) -m ops.bootstrap

ready:
	@$(python) -m ops.bootstrap --minio --kustomize
	@$(python) -m ops.packages
	@$(python) -m ops.kernel
