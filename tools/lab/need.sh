#!/bin/bash
# Install the Debian packages whose commands are missing here: as root, or with sudo.
# usage: tools/lab/need.sh COMMAND=PACKAGE...
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

missing=()
for wanted in "$@"; do
    command -v "${wanted%%=*}" >/dev/null || missing+=("${wanted#*=}")
done
if [ ${#missing[@]} = 0 ]; then exit 0; fi

root=()
if [ "$(id -u)" != 0 ]; then root=(sudo -n); fi
if ! command -v apt-get >/dev/null || ! "${root[@]}" true 2>/dev/null; then
    echo "this check needs these Debian packages, or their like: ${missing[*]}; please install them" >&2
    exit 1
fi
echo "installing: ${missing[*]}"
"${root[@]}" apt-get update -qq </dev/null
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
