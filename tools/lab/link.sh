#!/bin/bash
# Ableton Link between livejam and a peer of another make, on a network of their own that reaches nothing: how far apart
# their beats are, before and after a change of tempo. Prints the figures; fails where the two are not in sync.
# usage: tools/lab/link.sh [PYTHON]   PYTHON has livejam[link] and LinkPython-extern. Linux, as root or with user namespaces
set -euo pipefail

python=${1:-.venv/bin/python}
here=$(dirname "$0")

alone=(unshare --net)
if [ "$(id -u)" != 0 ]; then alone=(unshare --map-root-user --net); fi
if ! "${alone[@]}" true; then
    echo "link-check needs a network namespace: run it as root, or allow unprivileged user namespaces" >&2
    exit 1
fi
command -v ip >/dev/null || { echo "link-check needs ip: apt-get install iproute2" >&2; exit 1; }
exec timeout 120 "${alone[@]}" bash -c 'ip link set lo up && exec "$@"' - "$python" "$here/link_check.py"
