# Two commands do everything on a fresh machine with Python 3.11 or later, git and make:
#   make demo   renders the demo shop and shows what came out
#   make test   runs the tests, but for the slow ones and most random examples: .ci/run has them too
# Both set up .venv first. Nothing here needs a make newer than 3.81.

VENV := .venv
BIN := $(VENV)/bin
STAMPS := .make

# What pip may install, tested together. The newest of everything: make CONSTRAINTS= test
CONSTRAINTS := -c constraints.txt
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS)

PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -q -n auto --dist loadfile --no-loadscope-reorder
# Tests with a target of their own, and those that are run without counting lines.
APART := envoy or istiod or docs or release or sweep
UNCOUNTED := slow or hypothesis or uncounted

.PHONY: demo test test-coverage test-slow test-sweep test-envoy test-istiod fuzz docs dist man sbom test-release lint types golden bench lock clean

demo: $(STAMPS)/runtime
	@SANDLANE="$(CURDIR)/$(BIN)/sandlane" sh overlays/shop/demo.sh

test: $(STAMPS)/dev
	@HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-quick} $(PYTEST) -m 'not ($(APART) or slow)' $(ARGS)

# What counts lines, which doubles the time on Python 3.11, so without what runs the same lines again and again.
test-coverage: $(STAMPS)/dev
	@COVERAGE_CORE=$$($(BIN)/python -c 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "ctrace")') \
	  $(PYTEST) -m 'not ($(APART) or $(UNCOUNTED))' \
	  --cov=sandlane --cov-report=term:skip-covered --cov-fail-under=$${COVERAGE:-95} $(ARGS)

# All that test-coverage leaves out, the property tests with all of their examples: the two run each test once.
test-slow: $(STAMPS)/dev
	@HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-ci} $(PYTEST) -m 'not ($(APART)) and ($(UNCOUNTED))' $(ARGS)

# Every field of every object of some environments with values of wrong types: an hour, when what reads them changes.
test-sweep: $(STAMPS)/dev
	@$(BIN)/pytest -q -n auto -m sweep $(ARGS)

# The rendered routes in a real Envoy on loopback.
test-envoy: $(STAMPS)/envoy
	@$(BIN)/pytest -q -m envoy tests/envoy $(ARGS)

# What istiod itself makes of the output. Needs Go 1.26 or later; the first build takes some 15 minutes and 3 GB, later ones seconds.
test-istiod: $(STAMPS)/dev $(STAMPS)/istiod
	@$(BIN)/pytest -q -n auto -m istiod tests/istiod $(ARGS)

# Each fuzz target for SECONDS, guided by coverage; ends at the first find.
fuzz: $(STAMPS)/fuzz
	@$(BIN)/python -m tests.fuzz $(or $(SECONDS),60)

# The documentation as a site, in build/site; a warning is an error, and nothing in it is loaded from elsewhere.
docs: $(STAMPS)/docs
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH="$(CURDIR)" $(BIN)/python -m mkdocs build --quiet --strict
	@$(BIN)/pytest -q -m docs tests/docs $(ARGS)

# Wheel and sdist in dist/: the same bytes for the same commit.
dist: $(STAMPS)/release
	@rm -rf dist
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --no-isolation --outdir dist

# The manual page, build/man/sandlane.1.
man: $(STAMPS)/runtime
	@mkdir -p build/man
	@PYTHONPATH="$(CURDIR)" $(BIN)/python -m website.man >build/man/sandlane.1

# What an installed sandlane consists of, build/sbom.json (CycloneDX).
sbom: $(STAMPS)/release dist
	@"$$(cat $(STAMPS)/python)" -m venv --clear --without-pip $(STAMPS)/sbom
	@$(BIN)/python -m pip --python $(STAMPS)/sbom/bin/python install --quiet --disable-pip-version-check $(CONSTRAINTS) dist/*.whl
	@mkdir -p build
	@$(BIN)/cyclonedx-py environment --output-reproducible --output-file build/sbom.json $(STAMPS)/sbom/bin/python

# What a release is made of: built twice, installed by pip, pipx and uvx, its manual page and its image's recipe linted.
test-release: $(STAMPS)/release
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest -q -m release tests/release $(ARGS)

lint: $(STAMPS)/dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMPS)/dev
	@$(BIN)/mypy

golden: $(STAMPS)/dev
	@$(BIN)/pytest -q tests/project/test_golden.py --update-golden || true
	@git status --short golden overlays

bench: $(STAMPS)/dev
	@$(BIN)/python -m benchmarks.render

# Writes constraints.txt anew: the newest of everything that the development environments install.
lock: $(STAMPS)/python
	@"$$(cat $(STAMPS)/python)" -m venv --clear $(STAMPS)/lock
	@$(STAMPS)/lock/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev,docs,envoy,release]'
	@{ echo "# Versions that were tested together; 'make lock' writes them anew."; \
	   $(STAMPS)/lock/bin/python -m pip freeze --exclude-editable; } >constraints.txt.new
	@mv constraints.txt.new constraints.txt
	@rm -rf $(STAMPS)/lock

clean:
	rm -rf $(VENV) $(STAMPS) build dist

# The first Python that is new enough and can make environments; its path is kept for the other targets.
$(STAMPS)/python:
	@mkdir -p $(STAMPS)
	@for name in $$PYTHON python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  if path=$$(command -v $$name 2>/dev/null) && \
	     "$$path" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "$$path" >$@; exit 0; \
	  fi; \
	done; \
	echo "sandlane needs Python 3.11 or later with venv (on Debian and Ubuntu: apt install python3 python3-venv)." >&2; \
	echo "If it has another name: make PYTHON=/path/to/python demo" >&2; exit 1

$(STAMPS)/venv: $(STAMPS)/python
	@"$$(cat $(STAMPS)/python)" -m venv --clear $(VENV)
	@touch $@

# The runtime alone, for the demo.
$(STAMPS)/runtime: $(STAMPS)/venv pyproject.toml constraints.txt
	@$(PIP) -e .
	@touch $@

# Everything that tests, linters and types need.
$(STAMPS)/dev: $(STAMPS)/venv pyproject.toml constraints.txt
	@$(PIP) -e '.[dev]'
	@touch $@ $(STAMPS)/runtime

$(STAMPS)/envoy: $(STAMPS)/venv pyproject.toml constraints.txt
	@$(PIP) -e '.[dev,envoy]'
	@touch $@ $(STAMPS)/dev $(STAMPS)/runtime

$(STAMPS)/docs: $(STAMPS)/venv pyproject.toml constraints.txt
	@$(PIP) -e '.[dev,docs]'
	@touch $@ $(STAMPS)/dev $(STAMPS)/runtime

$(STAMPS)/release: $(STAMPS)/venv pyproject.toml constraints.txt
	@$(PIP) -e '.[dev,release]'
	@touch $@ $(STAMPS)/dev $(STAMPS)/runtime

$(STAMPS)/istiod: tests/istiod/main.go tests/istiod/go.mod tests/istiod/go.sum
	@command -v go >/dev/null || { echo "test-istiod needs Go 1.26 or later: https://go.dev/dl" >&2; exit 1; }
	@mkdir -p $(STAMPS)
	@cd tests/istiod && go build -buildvcs=false -ldflags='-s -w' -o "$(CURDIR)/$@" .

$(STAMPS)/fuzz: $(STAMPS)/venv pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,fuzz]'
	@touch $@ $(STAMPS)/dev $(STAMPS)/runtime
