# make run    set up .venv and run the quickstart experiment
# make test   set up .venv and run the tests
# make lint   style, types and workflow checks
# make slurm, make kubernetes   what the profiles of these names need (docs/scaling.md)
# make test-clusters   the tests of these profiles; the one of Slurm needs root
# make figures  the figures of docs/model.md, from a run of the quickstart
# make docs   the documentation site in build/docs; open build/docs/index.html
# make clean  remove .venv and caches; results stay
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --prefer-binary -c constraints.txt
# Solves the same circuits as hardware/circuit, for the tests. Without its dependencies: one, for pictures, does not
# install without the headers of cairo.
BADCROSSBAR = $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-deps badcrossbar==1.1.0
# Asks for a NumPy that Brian2 for Python 3.11 does not import with, for reports that nobody here orders. Without its
# dependencies: all are there, and constraints.txt has the versions that a test runs with a cluster.
SLURM = snakemake-executor-plugin-slurm snakemake-executor-plugin-slurm-jobstep

.PHONY: run test test-clusters lint docs install slurm kubernetes figures constraints clean
.DELETE_ON_ERROR:

run: $(VENV)/.run
	@$(BIN)/stdp run quickstart

test: $(VENV)/.test
	@$(BIN)/python -m pytest -n 2 --dist worksteal

test-clusters: $(VENV)/.test $(VENV)/.slurm $(VENV)/.kubernetes
	@$(BIN)/python -m pytest -m 'not slow' -rs tests/workflow/test_slurm.py tests/workflow/test_kubernetes.py

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile stdp_pipeline/workflow/*.smk
	$(BIN)/snakemake --lint

# The variable silences a notice that MkDocs 2 will not take these plugins; the constraints stay with MkDocs 1.
docs: $(VENV)/.docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --config-file docs/site/mkdocs.yml

install: $(VENV)/.run $(VENV)/.test $(VENV)/.lint

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: $$($(PYTHON) --version 2>&1) found, Python 3.11 or newer needed: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# Each stamp is made only when its installation is complete, so an interrupted one is simply done again.
$(VENV)/.run: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing stdp_pipeline and what it needs into $(VENV) (a minute or two) ..."
	@$(PIP) -e .
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing stdp_pipeline with the tests' needs into $(VENV) (a minute or two) ..."
	@$(PIP) -e '.[test]'
	@$(BADCROSSBAR)
	@touch $@ $(VENV)/.run

$(VENV)/.lint: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing the checks' needs into $(VENV) ..."
	@$(PIP) -e '.[test,lint]'
	@$(BADCROSSBAR)
	@touch $@ $(VENV)/.run $(VENV)/.test

$(VENV)/.docs: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing what builds the documentation into $(VENV) ..."
	@$(PIP) -e '.[docs]'
	@touch $@ $(VENV)/.run

slurm: $(VENV)/.slurm

$(VENV)/.slurm: $(VENV)/.run
	@$(PIP) --no-deps $(SLURM)
	@touch $@

kubernetes: $(VENV)/.kubernetes

$(VENV)/.kubernetes: $(VENV)/.run
	@$(PIP) -e '.[kubernetes]'
	@touch $@

figures: run
	@mkdir -p docs/images/model
	@cd results/experiments/quickstart/figures && cp network.svg lif_response.svg stdp_curves.svg presentation.png ../../../../docs/images/model/

# Write the constraints anew from an environment with the newest versions that work together.
constraints:
	$(PYTHON) -m venv build/constraints
	build/constraints/bin/python -m pip --disable-pip-version-check --quiet install --prefer-binary '.[test,lint,docs,kubernetes]'
	build/constraints/bin/python -m pip --disable-pip-version-check --quiet install --no-deps $(SLURM)
	{ sed -n '/^#/p' constraints.txt; \
	  build/constraints/bin/python -m pip freeze --exclude stdp_pipeline; } > build/constraints.txt
	mv build/constraints.txt constraints.txt

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
