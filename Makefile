# Two commands do everything on a machine with Python >= 3.11 and make: `make reproduce` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OUT ?= reports
ARGS ?=

# One BLAS thread: on matrices of these sizes more threads are slower.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

.PHONY: help setup reproduce test lint bench bench-laws clean
.DEFAULT_GOAL := help

help: ## show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## create .venv and install the tested versions

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "mtlaws needs Python 3.11 or later; say which with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,dask,slurm]'
	@touch $@

reproduce: setup ## run the papers' experiments and write reports/report.html (OUT=DIR ARGS="--quick")
	$(BIN)/mtlaws reproduce --out $(OUT) $(ARGS)

test: lint ## linters, types and the whole test suite
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup ## speed ratios against the plain loop, at one BLAS thread
	$(BIN)/python -m benchmarks $(ARGS)

bench-laws: setup ## recovery rates of the law search; resumes where it stopped, under 30 minutes
	$(BIN)/python -m benchmarks.laws $(ARGS)

clean: ## remove the environment and caches, keep reports
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
