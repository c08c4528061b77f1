#!/bin/bash
# Ardour as clock master records a session of trading fours with livejam, over JACK; the recording is measured.
#
# usage: tools/lab/ardour.sh [BARS [BPM]]    24 bars at 110 bpm; the exit code is 1 if something demanded is not met
#
# It starts a JACK server of its own with the dummy driver, runs tools/lab/ardour_check.py on it, and ends both.
# Needs Debian or a relative, root or sudo, or else ardour and jackd2; and livejam with what develops it in .venv (make
# test makes it; LIVEJAM_PYTHON names another Python). Ardour runs without a display. JACK_PERIOD: frames, 128 if unset.
set -euo pipefail
cd "$(dirname "$0")/../.."
PYTHON=${LIVEJAM_PYTHON:-$PWD/.venv/bin/python}
export JACK_PERIOD=${JACK_PERIOD:-128} # frames
export JACK_DEFAULT_SERVER=livejam_ardour JACK_NO_START_SERVER=1 JACK_NO_AUDIO_RESERVATION=1
LIMIT=${LAB_LIMIT:-600} # seconds for all of it

stop_jack() {
    kill "$jackd" 2>/dev/null || true
    wait "$jackd" 2>/dev/null || true
    rm -f /dev/shm/jack_*"$JACK_DEFAULT_SERVER"*
}

start_jack() {
    jackd -R -P 20 -S -n "$JACK_DEFAULT_SERVER" -d dummy -r 48000 -p "$JACK_PERIOD" -C 2 -P 2 >build/lab/jackd.log 2>&1 &
    jackd=$!
    trap stop_jack EXIT
    for _ in $(seq 50); do
        if timeout 5 jack_lsp >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    cat build/lab/jackd.log >&2
    return 1
}

if [ ! -x "$PYTHON" ]; then
    echo "there is no $PYTHON; run make test first" >&2
    exit 1
fi
tools/lab/need.sh jackd=jackd2
if ! compgen -G "/usr/bin/ardour*-lua" >/dev/null; then tools/lab/need.sh ardour-lua=ardour; fi
mkdir -p build/lab
start_jack
timeout "$LIMIT" "$PYTHON" tools/lab/ardour_check.py "$@"
