# `make test` and `make demo` are all the set-up there is: each makes .venv when it is missing.
# The environment is made anew when pyproject.toml changes.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
# Torch comes first and by itself: only the reference side of comparisons needs it, and without a version pip
# would look for another build.  For the small CPU build of a machine that would get the CUDA one:
#   make .venv TORCH_ARGS="--index-url https://download.pytorch.org/whl/cpu"
TORCH ?= torch==2.13.0
TORCH_ARGS ?=
# Only its Python code is used, as what converted programs are compared with; without dependencies, so that pip leaves Torch alone.
TORCHVISION ?= torchvision==0.28.0
BIN := .venv/bin
STAMP := .venv/.stamp

.PHONY: help .venv test test-slow lint format demo docs clean

help: ## list the targets
	@grep -E '^[a-z.-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

.venv: $(STAMP) ## make the virtual environment with everything in it

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "no python3 found; set PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "making .venv with $(PYTHON) (a few minutes, once) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "setuptools>=68" wheel
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH_ARGS) "$(TORCH)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps "$(TORCHVISION)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $@

test: $(STAMP) ## run the tests (what takes long is in test-slow)
	$(BIN)/python -m pytest -q

test-slow: $(STAMP) ## run every test, the slow ones too
	$(BIN)/python -m pytest -q -m ""

lint: $(STAMP) ## ruff and mypy, as CI runs them
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP) ## let ruff format and repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

demo: $(STAMP) ## convert a Torch program, compare both; train a method in both frameworks, ask it about a clip
	$(BIN)/python -m jack.demo

docs: $(STAMP) ## check that the links between the pages lead somewhere
	$(BIN)/python -m jack.pages README.md README.zh-CN.md CONTRIBUTING.md docs

clean: ## remove what the targets made
	rm -rf .venv build dist *.egg-info demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
