# make lab    open the chapters in JupyterLab
# make grade  grade your exercises
# make test   check everything; of the attempts that checks and boxes are tried with, one of each kind
# make test-all  the same, with all attempts, and the solutions run as notebooks
# make quick  run the tests that start no process; a minute at most
# make book   build the notebooks from authoring/, and what docs take from the code
# make site   build pages of all chapters that open from a disk, into build/site
# make soak   clients of every kind for ten minutes, and 100,000 examples of everything about the wires
# make bench  compare the servers and the load generator with others; about ten minutes (ARGS=--quick: two)

PYTHON ?=
BIN := .venv/bin

# Whoever names a Python does not get another one, which .venv may have been made with before.
ifneq ($(and $(PYTHON),$(wildcard $(BIN)/python),$(filter-out clean,$(or $(MAKECMDGOALS),lab))),)
ifneq ($(shell $(BIN)/python -V),$(shell $(PYTHON) -V))
$(error .venv has $(shell $(BIN)/python -V). To have another one, run make clean before)
endif
endif

.PHONY: lab grade test test-all tests chapters browser alone quick lint book site soak bench clean

lab: .venv/lab
	@$(BIN)/zerohttpd lab $(ARGS)

grade: .venv/lab
	@$(BIN)/zerohttpd grade $(ARGS)

# Most tests wait for most of their time, so there are twice as many processes as cores, and the chapters beside them.
# What has failed beside all others is tried once more by itself: many tests look at real servers under load, and here
# they load each other. Of a notebook that is all of it, for a cell needs those before it; so it is of a browser's file.
test: KINDS := -m "not more"
test test-all: .venv/test
	@$(BIN)/python -m compileall -q zerohttpd_lib
	@$(MAKE) --no-print-directory -j3 lint tests chapters KINDS='$(KINDS)'
	@$(MAKE) --no-print-directory browser
	@$(MAKE) --no-print-directory alone

AGAIN := --last-failed --last-failed-no-failures none
FEW := tests --ignore-glob='*/test_browser*.py' --ignore-glob='*/test_alone*.py'
NBVAL := $(BIN)/pytest -o cache_dir=.pytest_cache/chapters -p no:hypothesispytest --nbval
tests:
	@$(BIN)/pytest -n 4 $(KINDS) $(FEW) || $(BIN)/pytest $(AGAIN) $(KINDS) $(FEW)

chapters:
	@$(NBVAL) -n 2 --dist loadfile chapters solutions || \
		{ failed=$$(grep -o '[^" ]*\.ipynb' .pytest_cache/chapters/v/cache/lastfailed) && $(NBVAL) $$failed; }

# In a browser, too, a test goes on where the one before it has left the page.
BROWSER := $(BIN)/pytest -o cache_dir=.pytest_cache/browser
browser:
	@$(BROWSER) -n 2 tests/test_browser*.py || \
		{ failed=$$(grep -o '[^" ]*\.py' .pytest_cache/browser/v/cache/lastfailed | sort -u) && $(BROWSER) $$failed; }

alone:
	@$(BIN)/pytest tests/test_alone*.py || $(BIN)/pytest $(AGAIN) tests/test_alone*.py

quick: .venv/test
	@$(BIN)/pytest -n 2 --quick tests

lint: .venv/test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

book: .venv/test
	@$(BIN)/python authoring/reference.py
	@$(BIN)/python authoring/build.py

site: .venv/site
	@$(BIN)/python authoring/build_site.py $(ARGS)

soak: .venv/test
	@$(BIN)/python tests/soak.py $(ARGS)
	@$(BIN)/pytest --hypothesis-profile=soak --timeout=0 tests/test_http_wire_answers.py tests/test_redis_wire.py

bench: .venv/bench
	@$(BIN)/python -m benchmarks.run $(ARGS)

# The environment is made anew only when what it should hold has changed.
.venv/lab: pyproject.toml authoring/make-environment
	@sh authoring/make-environment . "$(PYTHON)"

.venv/test: pyproject.toml authoring/make-environment
	@sh authoring/make-environment ".[test]" "$(PYTHON)"

.venv/site: pyproject.toml authoring/make-environment
	@sh authoring/make-environment ".[site]" "$(PYTHON)"

.venv/bench: pyproject.toml authoring/make-environment
	@sh authoring/make-environment ".[bench]" "$(PYTHON)"

clean:
	rm -rf .venv .lab build dist *.egg-info
