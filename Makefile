# One word runs each chore, on a fresh machine too. `make run ARGS="--model demo --port 5001"`
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip --disable-pip-version-check install

.PHONY: run test test-ray check format bench browser

run: $(VENV)/installed
	@$(BIN)/python app.py $(ARGS)

test: $(VENV)/installed-dev
	@$(BIN)/python -m pytest $(ARGS)

# What people and programs rely on, once more with two replicas on a cluster; and what only that has.
TESTS_RAY := tests/deploy tests/backends/replicas tests/backends/test_contract.py \
	tests/web/test_events.py \
	tests/web/test_events_in_line.py tests/web/test_events_live.py tests/web/test_events_look.py \
	tests/web/test_rest.py tests/web/test_openai.py tests/browser/test_live.py

test-ray: $(VENV)/installed-ray
	@$(BIN)/python -m pytest -n 0 --replicas 2 $(or $(ARGS),$(TESTS_RAY))

check: $(VENV)/installed-dev
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary

format: $(VENV)/installed-dev
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

bench: $(VENV)/installed-dev
	@$(BIN)/python -m bench $(ARGS)

browser: $(VENV)/installed-browser
	@$(BIN)/python -m in_browser demo $(or $(OUT),build/browser) $(ARGS)

$(VENV)/installed: requirements.txt
	@$(PYTHON) -c "from doctor.packages import refuse_old_python; refuse_old_python()"
	$(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/installed-ray: $(VENV)/installed-dev requirements-ray.txt
	$(PIP) -r requirements-ray.txt
	@touch $@

$(VENV)/installed-cameras: $(VENV)/installed requirements-cameras.txt
	$(PIP) -r requirements-cameras.txt
	@touch $@

$(VENV)/installed-browser: $(VENV)/installed requirements-browser.txt
	$(PIP) -r requirements-browser.txt
	@touch $@

# The clients of Moondream's API, without the engines that they would bring: two, of two majors.
$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt requirements-browser.txt requirements-cameras.txt
	$(PIP) -r requirements-dev.txt
	$(PIP) --no-deps moondream==2.6.1
	$(PIP) --no-deps --target $(VENV)/moondream-1.2 moondream==1.2.2
	-@$(BIN)/python -m in_browser.runtime
	@touch $@
