# Groundskeeper: `make help` lists the targets. Each does its own set-up.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh
STAGE ?= dev
BIN := .venv/bin
REQUIREMENTS := requirements.txt requirements-dev.txt layers/video/requirements.txt localcloud/lambda-runtime.txt
export AWS_PORT API_PORT PYTHON

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/.ready: $(REQUIREMENTS) tools/find-python
	@python=$$(./tools/find-python) || exit 1; \
	echo "setting up .venv with $$python (first time only)"; \
	rm -rf .venv && "$$python" -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --target .venv/lambda-runtime -r localcloud/lambda-runtime.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable . --editable ./agent
	@touch $@

PACKAGE := build/package
VIDEO_LAYER := $(PACKAGE)/layer-video.zip
APP := app.py $(shell find chalicelib .chalice -name '*.py' -o -name '*.json' -o -name '*.yaml' | grep -v deploy) requirements.txt

# It takes seconds and does not depend on the application, hence a target of its own; .venv/.ready stands for its Python.
$(VIDEO_LAYER): .venv/.ready layers/video/requirements.txt tools/make_layer.py tools/lambda_platform.py
	@$(BIN)/python tools/make_layer.py layers/video/requirements.txt $@

# Chalice takes Lambda's Python version from the Python that runs it, wants some region to be named, and packages
# whatever lies in chalicelib, the bytecode of its own import included.
$(PACKAGE)/sam.json: .venv/.ready $(APP) $(VIDEO_LAYER) tools/check_package.py
	@rm -rf $(PACKAGE)/sam.json $(PACKAGE)/deployment.zip .chalice/deployments $$(find chalicelib -name __pycache__)
	@PATH="$(CURDIR)/$(BIN):$$PATH" AWS_DEFAULT_REGION=us-east-1 PYTHONDONTWRITEBYTECODE=1 $(BIN)/chalice package --stage stack \
		--merge-template .chalice/resources.json $(PACKAGE) >/dev/null
	@$(BIN)/python tools/check_package.py $(PACKAGE)

.PHONY: package demo run test check static bench deploy clean lock

package: $(PACKAGE)/sam.json ## Make build/package: the zip, the layer and the template that are deployed

demo: $(PACKAGE)/sam.json ## See names follow, thumbnails heal, volumes snapshotted, idle instances flagged: on an emulated AWS account
	@$(BIN)/python -m demo $(PACKAGE)

run: $(PACKAGE)/sam.json ## Keep the emulated account running for any AWS client (AWS_PORT, API_PORT)
	@$(BIN)/python -m localcloud run --package $(PACKAGE) --stack groundskeeper-dev --zone fleet.example \
		--bucket fleet-media --parameter HostedZoneId={zone_id} --parameter SourceBucket=fleet-media \
		--parameter IdleParking=1 --parameter RunningHours=1 --fire groundskeeper-dev-sweep-names

test: $(PACKAGE)/sam.json ## Run the tests
	@echo "the application:" && $(BIN)/pytest tests --ignore tests/clocked
	@echo "the application, on a clock that is set:" && $(BIN)/pytest tests/clocked
	@echo "the local cloud:" && $(BIN)/pytest localcloud/tests
	@echo "the agent:" && $(BIN)/pytest agent/tests

static: $(PACKAGE)/sam.json
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/cfn-lint $(PACKAGE)/sam.json deploy/account.json deploy/region.json
	@$(BIN)/python tools/permissions.py --check
	@sh -n tools/deploy tools/find-python

check: static test ## Check format, lint, types, import rules, template, permissions page, tests

bench: $(PACKAGE)/sam.json ## Measure against references; writes benchmarks/results/latest.json
	@$(BIN)/python -m benchmarks $(PACKAGE)

deploy: $(PACKAGE)/sam.json ## Deploy stack groundskeeper-STAGE with the AWS CLI (STAGE=dev)
	@./tools/deploy $(PACKAGE) $(STAGE)

# Hashes for every platform; no index and no address is recorded.
LOCK := uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-emit-find-links
lock: ## Compile the requirements files anew (needs uv)
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) requirements.in -o requirements.txt
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) layers/video/requirements.in -c requirements.txt -o layers/video/requirements.txt
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) requirements-dev.in -o requirements-dev.txt
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) localcloud/lambda-runtime.in -c requirements-dev.txt -o localcloud/lambda-runtime.txt

clean: ## Remove everything that was made here
	@rm -rf .venv build .localcloud .chalice/deployments .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		.import_linter_cache *.egg-info
	@find . -name __pycache__ -prune -exec rm -rf {} +
