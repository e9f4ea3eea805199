# Every target works on a fresh clone: what it needs is set up first.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.stamp
WORKERS ?= 2
TORCH ?=
ARGS ?=

.PHONY: setup demo test lint format bench numerics fuzz clean

setup: $(STAMP)

# TORCH='==2.6.*' or TORCH='>=2.6' (the newest) takes another torch than the pinned one; sympy is pinned for that one.
# Built with the pinned setuptools, not in an environment of its own, so that every build is the same.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(if $(TORCH),grep -vE '^(torch|sympy)==',cat) constraints.txt > .venv/constraints.txt
	$(if $(TORCH),echo 'torch$(TORCH)' >> .venv/constraints.txt)
	$(BIN)/python -m pip install -c .venv/constraints.txt setuptools wheel
	$(BIN)/python -m pip install -c .venv/constraints.txt --no-build-isolation -e '.[test]'
	touch $@

demo: $(STAMP)
	$(BIN)/python arc_ref.py $(ARGS)

# One thread for each worker: the workers share the cores already. `make test ARGS='-k film'` runs a part.
# The examples of a document build on each other, so that they run in one process (5: none is chosen).
test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) test $(ARGS)
	$(BIN)/python -m pytest README.md doc torcharc $(ARGS) || test $$? -eq 5

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Beside peers, and the builds of the zoo; `make bench ARGS='hydra'` measures rows of the first alone.
bench: $(STAMP)
	$(BIN)/python -m bench $(ARGS)
	$(if $(ARGS),,$(BIN)/python -m bench.zoo --quick)

# The zoo beside independent implementations, some minutes; a table of the differences in doc/numerics.md.
# `make numerics ARGS='-k densenet'` runs a part and writes nothing.
numerics: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m bench.numerics $(ARGS)

# Mutated specs, 20,000 of each format and of what trains: `make fuzz ARGS='arc --count 1000 --seed 1'`.
fuzz: $(STAMP)
	OMP_NUM_THREADS=1 PYTHONPATH=.:test $(BIN)/python test/fuzz.py $(ARGS)

# Leaves the environments alone; delete .venv to set up anew.
clean:
	rm -rf build dist out *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
