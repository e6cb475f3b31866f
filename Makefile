# Groundskeeper: `make help` lists the targets. Each does its own set-up.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh
STAGE ?= dev
BIN := .venv/bin
REQUIREMENTS := requirements.txt requirements-dev.txt localcloud/lambda-runtime.txt
export AWS_PORT API_PORT

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/.ready: $(REQUIREMENTS) tools/find-python
	@python=$$(./tools/find-python) || exit 1; \
	echo "setting up .venv with $$python (first time only)"; \
	rm -rf .venv && "$$python" -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --target .venv/lambda-runtime -r localcloud/lambda-runtime.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

PACKAGE := build/package
APP := app.py $(shell find chalicelib .chalice -name '*.py' -o -name '*.json' | grep -v deploy) requirements.txt

# Chalice takes Lambda's Python version from the Python that runs it, and wants some region to be named.
$(PACKAGE)/sam.json: .venv/.ready $(APP)
	@rm -rf $(PACKAGE) .chalice/deployments $$(find chalicelib -name __pycache__)
	@PATH="$(CURDIR)/$(BIN):$$PATH" AWS_DEFAULT_REGION=us-east-1 $(BIN)/chalice package --stage stack \
		--merge-template .chalice/resources.json $(PACKAGE) >/dev/null
	@$(BIN)/python tools/check_package.py $(PACKAGE)

package: $(PACKAGE)/sam.json ## Make build/package: the zip and the template that are deployed
.PHONY: package
