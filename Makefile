# One word runs each chore, on a fresh machine too. `make run ARGS="--model demo --port 5001"`
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip --disable-pip-version-check install

.PHONY: run test check format bench browser

run: $(VENV)/installed
	@$(BIN)/python app.py $(ARGS)

test: $(VENV)/installed-dev
	@$(BIN)/python -m pytest $(ARGS)

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

$(VENV)/installed-browser: $(VENV)/installed requirements-browser.txt
	$(PIP) -r requirements-browser.txt
	@touch $@

# The clients of Moondream's API, without the engines that they would bring: two, of two majors.
$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt requirements-browser.txt
	$(PIP) -r requirements-dev.txt
	$(PIP) --no-deps moondream==2.6.1
	$(PIP) --no-deps --target $(VENV)/moondream-1.2 moondream==1.2.2
	-@$(BIN)/python -m in_browser.runtime
	@touch $@
