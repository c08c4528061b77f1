# make jam    install livejam into .venv and hear it jam, without any MIDI hardware
# make test   install it with everything for development, and run all tests, also over real MIDI ports (JACK)

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
MAKEFLAGS += --no-print-directory

.PHONY: jam test lint wheel jack-check link-check alsa-check ardour-check soak clean

jam: .venv/installed
	$(BIN)/livejam demo

test: .venv/developing
	$(BIN)/ruff check
	$(BIN)/python -m pytest

lint: .venv/developing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

wheel: .venv/installed
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

# The long form of the tests over real ports: 20 phrases and 10 melodies of a prepared corpus (make jack-check CORPUS=DIR).
jack-check: .venv/developing
	LIVEJAM_CORPUS="$(CORPUS)" $(BIN)/python -m pytest tests/jack -k "every_phrase or of_its_clicks" -s

# Ableton Link with a peer of another make, on a network of their own: how far apart the beats are.
link-check: .venv/linked
	tools/lab/link.sh $(BIN)/python

# livejam on a real ALSA sequencer, in a virtual machine: ports, listen, instruments and a card that come and go.
alsa-check: .venv/installed
	tools/lab/alsa.sh

# Trading fours over JACK with Ardour as clock master; what it recorded is measured (make ardour-check BARS=48 BPM=140).
ardour-check: .venv/developing
	tools/lab/ardour.sh $(BARS) $(BPM)

# Wild players, bad clocks, processes and ports that go: ten thousand turns in virtual time, then real time over JACK.
soak: .venv/developing
	PYTHONPATH=tests:tests/jack nice -n 10 $(BIN)/python -m soak --minutes $(or $(MINUTES),60) --seed $(or $(SEED),1)

.venv/installed: pyproject.toml constraints.txt
	@PYTHON=$(PYTHON) tools/system.sh jam
	$(PYTHON) -m venv .venv
	$(PIP) --editable .
	@touch $@

.venv/developing: pyproject.toml constraints.txt
	@PYTHON=$(PYTHON) tools/system.sh test
	$(PYTHON) -m venv .venv
	$(PIP) --editable '.[train,dev]'
	@touch $@ .venv/installed

.venv/linked: .venv/installed
	$(PIP) --editable '.[link]' LinkPython-extern
	@touch $@

clean:
	rm -rf .venv build dist
