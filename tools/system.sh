#!/bin/bash
# Install what livejam needs from the system and does not find there: Debian and its relatives, as root or with sudo.
# usage: tools/system.sh jam    a Python that can make virtual environments, and the library for MIDI ports
#        tools/system.sh test   that, and a JACK server with which to test real MIDI ports
set -euo pipefail

missing=()

need() { # need PACKAGE... -- COMMAND...: the packages are missing if the command fails
    local packages=()
    while [ "$1" != -- ]; do packages+=("$1"); shift; done
    shift
    "$@" >/dev/null 2>&1 || missing+=("${packages[@]}")
}

has_library() {
    /sbin/ldconfig -p | grep -q "$1" || ls /usr/lib/*/"$1" /usr/lib/"$1"
}

install_missing() {
    local run=()
    if [ "$(id -u)" != 0 ]; then run=(sudo -n); fi
    if ! command -v apt-get >/dev/null || ! "${run[@]}" true 2>/dev/null; then
        echo "livejam needs these Debian packages, or their like: ${missing[*]}; please install them" >&2
        return 1
    fi
    echo "installing: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    "${run[@]}" apt-get update -qq </dev/null
    "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
}

python=${PYTHON:-python3}
need python3 python3-venv -- "$python" -c 'import ensurepip, venv'
if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 13))' 2>/dev/null; then
    # python-rtmidi has no wheels for it yet, so pip compiles it
    need g++ -- g++ --version
    need python3-dev -- "$python" -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")'
    need libasound2-dev -- test -e /usr/include/alsa/asoundlib.h
    need libjack-jackd2-dev pkg-config -- pkg-config --exists jack
fi
need libasound2 -- has_library libasound.so.2
if [ "${1:-jam}" = test ]; then
    need jackd2 -- jackd --version
fi
if [ ${#missing[@]} -gt 0 ]; then install_missing; fi
