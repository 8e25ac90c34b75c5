# Everything a fresh machine with Python 3.11+ and make needs; every target sets up what it uses.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo demo-web serve docs test check format lint types imports bench chaos spark audit dist try-dist image clean requirements

demo: $(VENV)/.app            ## the main job end to end, in a sandbox: no keys, no network
	$(BIN)/brainarr demo

demo-web: $(VENV)/.app        ## the web app in that sandbox, on http://127.0.0.1:8690
	$(BIN)/brainarr demo --serve

serve: $(VENV)/.app           ## the real server, with the platform's configuration folder
	$(BIN)/brainarr serve

docs: $(VENV)/.dev            ## the documentation as a site, in build/site; a link that leads nowhere fails
	$(BIN)/python -m mkdocs build --strict --quiet

test: $(VENV)/.dev            ## the whole test suite
	$(BIN)/pytest

check: $(VENV)/.dev           ## what must hold before a change lands
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory docs
	$(MAKE) --no-print-directory test

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/.dev
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/pyright

imports: $(VENV)/.dev
	$(BIN)/lint-imports

bench: $(VENV)/.dev           ## speed and memory, as JSON
	$(BIN)/python -m benchmarks.library
	$(BIN)/python -m benchmarks.prompts
	$(BIN)/python -m benchmarks.chain
	$(BIN)/python -m benchmarks.similarity
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.runs
	$(BIN)/python -m benchmarks.load
	$(BIN)/python -m benchmarks.feeds
	$(BIN)/python -m benchmarks.cache
	$(BIN)/python -m benchmarks.metrics
	$(BIN)/python -m benchmarks.history

chaos: $(VENV)/.dev           ## faults in full, some hours: killed, cut off, full, restarted; the table in build/chaos.md
	$(BIN)/python -m tests.chaos

# In an environment of its own, thrown away afterwards: what looks for holes must not become one. It asks the
# public advisory databases for exactly the pinned versions and installs none of them; --strict, for without it
# "not found" counts as "not vulnerable".
AUDIT := $(VENV)-audit
audit:                        ## known vulnerabilities of everything that is pinned; needs the network
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip --disable-pip-version-check install --quiet pip-audit
	status=0; for file in requirements/*.txt; do \
	  $(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes --requirement $$file || status=1; \
	done; rm -rf $(AUDIT); exit $$status

spark: $(VENV)/.spark         ## what the Spark engine and its test need, but for Java 17

# Built as the image and a release are: docs/releasing.md.
dist: $(VENV)/.app            ## wheel and sdist, in dist/
	rm -rf dist
	$(BIN)/python -m hatchling build

# In a new environment and an empty folder, as somebody who has nothing else of ours; needs the network.
try-dist: dist                ## installs the wheel as a user does, and runs the demo
	rm -rf build/try && mkdir -p build/try/empty
	$(PYTHON) -m venv build/try/venv
	build/try/venv/bin/python -m pip --disable-pip-version-check install --quiet dist/*.whl
	cd build/try/empty && ../venv/bin/brainarr --version && ../venv/bin/brainarr demo

image:                        ## the container image, named brainarr:VERSION
	docker build --tag brainarr:$$(sed -n 's/__version__ = "\(.*\)"/\1/p' src/brainarr/__init__.py) \
	  --build-arg REVISION=$$(git rev-parse HEAD) .

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build dist

# Hash-locked installs: pip refuses anything that is not exactly what was reviewed.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: requirements/app.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --quiet --require-hashes -r requirements/build.txt -r requirements/app.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.app
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	touch $@

$(VENV)/.spark: requirements/spark.txt $(VENV)/.dev
	$(PIP) install --quiet --require-hashes -r requirements/spark.txt
	touch $@

# For maintainers: resolve again after a change of dependencies in pyproject.toml (needs uv).
UV_COMPILE := uv pip compile --universal --generate-hashes --python-version 3.11 --quiet --no-annotate --no-header
requirements:
	$(UV_COMPILE) pyproject.toml -o requirements/app.txt
	$(UV_COMPILE) --extra dev -c requirements/app.txt pyproject.toml -o requirements/dev.txt
	printf 'hatchling\neditables\n' | $(UV_COMPILE) -c requirements/dev.txt - -o requirements/build.txt
	$(UV_COMPILE) --extra spark -c requirements/dev.txt pyproject.toml | sed -n '/^py4j==/,/[^\\]$$/p; /^pyspark==/,/[^\\]$$/p' > requirements/spark.txt
