#!/bin/sh
# First program of the live system (busybox): finds the medium by its volume
# label, puts the layers together and starts systemd.
#
#   /                overlay: memory over config.squashfs over root.squashfs
#   /nix/store       overlay: memory over store.squashfs
#   /iso             the medium
#   /run/current-system -> the recipe's system tree
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o mode=755 run /run

label=
for word in $(cat /proc/cmdline); do
  case $word in root=LABEL=*) label=${word#root=LABEL=};; esac
done

modprobe -a isofs squashfs overlay loop sd_mod sr_mod cdrom $(cat /etc/modules) 2>/dev/null

# Drivers for whatever has turned up by now.
drivers() { find /sys/devices -name modalias 2>/dev/null | xargs cat 2>/dev/null | sort -u | xargs modprobe -a -q 2>/dev/null; }

# The volume's name stands 40 bytes into the 16th sector of an ISO 9660 file
# system (ECMA-119, 8.4.7).
volume() { dd if=/dev/$1 bs=1 skip=32808 count=32 2>/dev/null; }

found=
tries=0
while [ -z "$found" ] && [ $tries -lt 120 ]; do
  drivers
  for d in /sys/class/block/*; do
    d=${d##*/}
    case $d in loop*|ram*|fd*) continue;; esac
    name=$(volume $d)
    name=${name%%  *}
    name=${name% }
    if [ "$name" = "$label" ]; then
      mkdir -p /mnt/iso
      if mount -t iso9660 -o ro /dev/$d /mnt/iso 2>/dev/null; then found=/dev/$d; break; fi
    fi
  done
  if [ -z "$found" ]; then tries=$((tries + 1)); sleep 0.5; fi
done
if [ -z "$found" ]; then
  echo "init: no medium with the volume label '$label' found; a shell follows"
  exec sh
fi
echo "init: medium $found"

mkdir -p /mnt/rw /mnt/base /mnt/config /mnt/store /mnt/root
mount -t tmpfs -o mode=755 rw /mnt/rw
mkdir -p /mnt/rw/root /mnt/rw/root-work /mnt/rw/store /mnt/rw/store-work
mount -t squashfs -o loop,ro /mnt/iso/live/root.squashfs /mnt/base
mount -t squashfs -o loop,ro /mnt/iso/live/config.squashfs /mnt/config
mount -t squashfs -o loop,ro /mnt/iso/nix-store.squashfs /mnt/store
mount -t overlay -o lowerdir=/mnt/config:/mnt/base,upperdir=/mnt/rw/root,workdir=/mnt/rw/root-work overlay /mnt/root
mount -t overlay -o lowerdir=/mnt/store,upperdir=/mnt/rw/store,workdir=/mnt/rw/store-work nix-store /mnt/root/nix/store
mount --move /mnt/iso /mnt/root/iso
for m in proc sys dev run; do mount --move /$m /mnt/root/$m; done
ln -s "$(cat /mnt/root/iso/live/system)" /mnt/root/run/current-system
ln -s "$(cat /mnt/root/iso/live/system)" /mnt/root/run/booted-system
exec switch_root /mnt/root /sbin/init
