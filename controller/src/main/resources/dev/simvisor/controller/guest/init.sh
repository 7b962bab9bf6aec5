#!/bin/busybox sh
# The first process of a Debian guest: mounts what programs expect, loads the drivers of the devices that are there, and
# keeps a shell on the console. `poweroff -f` ends the guest.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev

# A bus tells each device's modalias; modprobe finds the driver that claims it. Devices appear on the virtio bus once
# virtio_pci drives their PCI side. A paravirtual guest of Xen has a bus of its own; that bus is there in all guests, with
# devices only in such a one.
for bus in pci virtio xen; do
    cat /sys/bus/$bus/devices/*/modalias 2>/dev/null | sort -u | xargs -r modprobe -a -q 2>/dev/null
done

export HOME=/root PATH=/bin TERM=linux
cd /root
while :; do
    # A session with a controlling terminal, so that Ctrl-C and job control work.
    setsid cttyhack sh
done
