#!/bin/busybox sh
# The first process of the virtual machine that tools/lab/alsa.sh boots: it loads the sequencer's modules, mounts the
# host's files read-only, runs /command on them, says its exit code, and switches itself off.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
for module in /modules/*; do $b insmod "$module" || echo "guest: can't load $module"; done
$b mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro host /host || echo "guest: no files of the host"
$b mount -t proc proc /host/proc
$b mount -t sysfs sys /host/sys
$b mount -t devtmpfs dev /host/dev
$b mkdir -p /host/dev/shm
$b mount -t tmpfs memory /host/dev/shm
$b mount -t tmpfs memory /host/run
$b cp /command /host/run/command
echo "guest: up after $($b cut -d ' ' -f 1 /proc/uptime) s"
$b env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
    $b chroot /host /bin/bash /run/command
echo "guest: exit code $?, off after $($b cut -d ' ' -f 1 /proc/uptime) s"
$b poweroff -f
