# make lab    open the chapters in JupyterLab
# make grade  grade your exercises
# make test   check everything
# make book   build the notebooks from authoring/, and what docs take from the code
# make bench  compare the servers and the load generator with others; about ten minutes (ARGS=--quick: two)

PYTHON ?=
BIN := .venv/bin

.PHONY: lab grade test lint book bench clean

lab: .venv/lab
	@$(BIN)/zerohttpd lab $(ARGS)

grade: .venv/lab
	@$(BIN)/zerohttpd grade $(ARGS)

test: .venv/test lint
	@$(BIN)/pytest -n 2 --dist loadgroup --ignore-glob='*/test_browser*.py' --ignore-glob='*/test_alone*.py' tests
	@$(BIN)/pytest tests/test_alone*.py tests/test_browser*.py
	@$(BIN)/pytest -n 2 --dist loadfile --nbval chapters solutions

lint: .venv/test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

book: .venv/test
	@$(BIN)/python authoring/reference.py
	@$(BIN)/python authoring/build.py

bench: .venv/bench
	@$(BIN)/python -m benchmarks.run $(ARGS)

# The environment is made anew only when what it should hold has changed.
.venv/lab: pyproject.toml authoring/make-environment
	@sh authoring/make-environment . "$(PYTHON)"

.venv/test: pyproject.toml authoring/make-environment
	@sh authoring/make-environment ".[test]" "$(PYTHON)"

.venv/bench: pyproject.toml authoring/make-environment
	@sh authoring/make-environment ".[bench]" "$(PYTHON)"

clean:
	rm -rf .venv .lab build dist *.egg-info
