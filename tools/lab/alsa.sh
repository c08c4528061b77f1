#!/bin/bash
# livejam on a real ALSA sequencer, with instruments that come and go, on a machine that has none: in a virtual one.
#
# usage: tools/lab/alsa.sh              run tools/lab/alsa_check.py in there; its exit code is this one's
#        tools/lab/alsa.sh COMMAND...   run something else in there, in this folder
#
# It boots Debian's own kernel in QEMU, with this machine's files as its root, read-only, so livejam in there is the one
# in .venv (make jam makes it; LIVEJAM_PYTHON names another Python). Only /run and /dev/shm can be written to in there,
# and are lost. Without KVM everything takes about ten times as long, the network of livejam too.
#
# Needs Debian or a relative on x86-64, and root, sudo, or qemu-system-x86, busybox-static, kmod, cpio and alsa-utils.
# The kernel (70 MB) is fetched with apt-get into build/lab, and stays there.
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH=$PATH:/usr/sbin:/sbin
LAB=$PWD/build/lab
PYTHON=${LIVEJAM_PYTHON:-$PWD/.venv/bin/python}
MODULES="virtio_pci 9pnet_virtio 9p snd_seq snd_seq_dummy snd_hrtimer snd_virmidi snd_seq_midi"
LIMIT=${LAB_LIMIT:-900} # seconds for all of it

fetch_kernel() { # unpacked into $LAB/kernel
    if compgen -G "$LAB/kernel/boot/vmlinuz-*" >/dev/null; then return; fi
    local package
    package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
    if [ -z "$package" ]; then
        echo "apt knows no linux-image-amd64 here; apt-get update, on a Debian for x86-64" >&2
        return 1
    fi
    (cd "$LAB" && apt-get download -qq "$package" 2>/dev/null && dpkg-deb -x "$package"_*.deb kernel)
    rm -f "$LAB"/linux-image-*.deb
    depmod -b "$LAB/kernel" "$(ls "$LAB/kernel/lib/modules")"
}

make_ramdisk() { # make_ramdisk COMMAND...: what boots before the root is there
    local version count=0
    version=$(ls "$LAB/kernel/lib/modules")
    rm -rf "$LAB/ramdisk"
    mkdir -p "$LAB"/ramdisk/{bin,proc,sys,dev,modules,host}
    cp "$(command -v busybox)" "$LAB/ramdisk/bin/busybox"
    for module in $MODULES; do
        modprobe -d "$LAB/kernel" -S "$version" --show-depends "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
        count=$((count + 1))
        cp "$file" "$LAB/ramdisk/modules/$(printf %02d $count)-${file##*/}"
    done
    install -m 755 tools/lab/guest.sh "$LAB/ramdisk/init"
    printf 'cd %q\nexec %s\n' "$PWD" "$(printf '%q ' "$@")" >"$LAB/ramdisk/command"
    (cd "$LAB/ramdisk" && find . | cpio -o -H newc --quiet | gzip -1 >"$LAB/ramdisk.gz")
}

boot() {
    timeout "$LIMIT" qemu-system-x86_64 -M q35 -accel "${LAB_ACCEL:-tcg,thread=multi}" -cpu max -smp 2 -m 1024 \
        -nographic -no-reboot -nodefaults -serial stdio -kernel "$LAB"/kernel/boot/vmlinuz-* -initrd "$LAB/ramdisk.gz" \
        -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
        -device virtio-9p-pci,fsdev=host,mount_tag=host \
        -append "console=ttyS0 quiet loglevel=3 mitigations=off" </dev/null 2>&1 |
        sed -u 's|\r$||' | tee "$LAB/alsa.log"
    local code
    code=$(sed -n 's/^guest: exit code \([0-9]*\).*/\1/p' "$LAB/alsa.log" | tail -1)
    return "${code:-1}"
}

if [ ! -x "$PYTHON" ]; then
    echo "there is no $PYTHON; run make jam first" >&2
    exit 1
fi
if [ $# = 0 ]; then set -- "$PYTHON" tools/lab/alsa_check.py; fi
tools/lab/need.sh qemu-system-x86_64=qemu-system-x86 busybox=busybox-static modprobe=kmod cpio=cpio aplaymidi=alsa-utils
mkdir -p "$LAB"
fetch_kernel
make_ramdisk "$@"
boot
