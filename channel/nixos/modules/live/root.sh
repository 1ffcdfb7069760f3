umask 022
R=$PWD/root
mkdir -p $R/usr/{bin,sbin,lib,lib64}
for d in bin sbin lib lib64; do ln -s usr/$d $R/$d; done

# --- unpack: the biggest first, as many at a time as there are cores ---------
# tar's listing tells which files had another owner or a special mode; the
# sandbox could not give them those, the squashfs will.
unpackRoot() {
  ar p $1 data.tar.xz | xz -dc | tar xvvf - -C $2 --numeric-owner --quoting-style=escape --keep-directory-symlink --no-same-permissions --no-same-owner --no-overwrite-dir \
    --exclude='./usr/share/man/*' --exclude='./usr/share/info/*' --exclude='./usr/share/locale/*' --exclude='./usr/share/lintian' --exclude='./usr/share/bug' \
    --exclude='./usr/share/doc/*/*/*' --exclude='./usr/share/doc/*/[!c]*' --exclude='./usr/share/doc/*/changelog*' --exclude='./usr/share/doc/*/c[!oh]*' \
    --exclude='./boot/System.map*' --exclude='./usr/share/bash-completion' --exclude='./usr/share/zsh' |
    gawk '{ m = $1; if (m ~ /^[lh]/) next; n = $6; for (i = 7; i <= NF; i++) n = n " " $i; if ($2 != "0/0" || m ~ /[sStT]/ || m !~ /^.r..r..r../) print m, $2, n }' > $3/${1##*/}
}
export -f unpackRoot
mkdir listings
ls -S -L $debs | xargs -P ${NIX_BUILD_CORES/#0/1} -I DEB bash -euo pipefail -c "unpackRoot DEB $R $PWD/listings"
find $R/usr/share/doc -depth -type d -empty -delete

# path<TAB>octal mode<TAB>uid gid
cat listings/* | LC_ALL=C sort -u | gawk '
  function octal(m,  v, i, s, c) { v = 0; for (i = 2; i <= 10; i++) { c = substr(m, i, 1); v = v * 2 + (c != "-" && c != "S" && c != "T") }
    s = 0; if (substr(m, 4, 1) ~ /[sS]/) s += 4; if (substr(m, 7, 1) ~ /[sS]/) s += 2; if (substr(m, 10, 1) ~ /[tT]/) s += 1; return sprintf("%d%03o", s, v) }
  { n = $3; for (i = 4; i <= NF; i++) n = n " " $i; sub(/^\.\//, "", n); sub(/\/$/, "", n); if (n ~ /^(bin|sbin|lib|lib64)\//) n = "usr/" n
    if (n == "." || n == "") next; split($2, o, "/"); print n "\t" octal($1) "\t" o[1] " " o[2] }' > special

# --- what the packages' maintainer scripts would have done -------------------
cd $R
mkdir -p etc/{pam.d,alternatives,ssl/certs,default,systemd/{system,network},sudoers.d,modprobe.d} root home mnt media srv opt nix/store nix/var proc sys dev run tmp iso \
  var/{lib/systemd,log/journal,tmp,cache,spool,mail,backups} usr/local/{bin,sbin,lib,share}
cp usr/share/libc-bin/nsswitch.conf etc/nsswitch.conf
sed -i -e 's/^\(passwd\|group\|shadow\|gshadow\):.*/\1: files systemd/' -e 's/^hosts:.*/hosts: files resolve [!UNAVAIL=return] dns myhostname/' etc/nsswitch.conf
[ -e usr/lib/x86_64-linux-gnu/libnss_resolve.so.2 ] || sed -i 's/ resolve \[!UNAVAIL=return\]//' etc/nsswitch.conf
# an empty machine-id: a fresh one each boot, without first-boot questions
: > etc/machine-id
: > etc/fstab
: > etc/environment
ln -sfn ../proc/self/mounts etc/mtab
cp usr/share/base-files/profile etc/profile
cp usr/share/base-files/dot.bashrc root/.bashrc
cp usr/share/base-files/dot.profile root/.profile
mkdir -p etc/skel

# what pam-auth-update writes
cat > etc/pam.d/common-account << 'EOF'
account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so
account requisite pam_deny.so
account required pam_permit.so
EOF
cat > etc/pam.d/common-auth << 'EOF'
auth [success=1 default=ignore] pam_unix.so nullok
auth requisite pam_deny.so
auth required pam_permit.so
EOF
cat > etc/pam.d/common-password << 'EOF'
password [success=1 default=ignore] pam_unix.so obscure yescrypt
password requisite pam_deny.so
password required pam_permit.so
EOF
cat > etc/pam.d/common-session << 'EOF'
session [default=1] pam_permit.so
session requisite pam_deny.so
session required pam_permit.so
session required pam_unix.so
session optional pam_systemd.so
EOF
grep -v pam_systemd etc/pam.d/common-session > etc/pam.d/common-session-noninteractive

alternative() { # NAME PROGRAM: what update-alternatives would choose
  [ -e usr/bin/$2 ] || return 0
  ln -sfn /usr/bin/$2 etc/alternatives/$1
  ln -sfn /etc/alternatives/$1 usr/bin/$1
}
alternative awk mawk; alternative pager less; alternative editor nano; alternative which which.debianutils
[ -e usr/bin/sh ] || ln -s dash usr/bin/sh
for f in usr/lib/firmware/regulatory.db{,.p7s}; do [ ! -e $f-debian ] || ln -sfn ${f##*/}-debian $f; done

(cd usr/share/ca-certificates; find . -name '*.crt' | LC_ALL=C sort | xargs cat) > etc/ssl/certs/ca-certificates.crt
ln -sfn certs/ca-certificates.crt etc/ssl/cert.pem

# systemd: what its packages' scripts enable, and nothing that would write to
# a machine's disks or ask questions
enable() { mkdir -p etc/systemd/system/$1.wants; ln -sfn /lib/systemd/system/$2 etc/systemd/system/$1.wants/$2; }
enable multi-user.target systemd-networkd.service
enable sockets.target systemd-networkd.socket
enable multi-user.target systemd-resolved.service
ln -sfn /lib/systemd/system/systemd-resolved.service etc/systemd/system/dbus-org.freedesktop.resolve1.service
ln -sfn /lib/systemd/system/systemd-networkd.service etc/systemd/system/dbus-org.freedesktop.network1.service
for u in systemd-firstboot systemd-machine-id-commit systemd-repart e2scrub_reap; do ln -sfn /dev/null etc/systemd/system/$u.service; done
# Who asks for network-online.target waits for one interface, and no machine
# without a network has a failed unit for it.
enable network-online.target systemd-networkd-wait-online.service
mkdir -p etc/systemd/system/systemd-networkd-wait-online.service.d
printf '[Service]\nExecStart=\nExecStart=-/lib/systemd/systemd-networkd-wait-online --any --timeout=60\n' > etc/systemd/system/systemd-networkd-wait-online.service.d/live.conf
# An emulated or very slow machine takes minutes where others take seconds.
mkdir -p etc/systemd/system.conf.d
printf '[Manager]\nDefaultTimeoutStartSec=300s\nDefaultDeviceTimeoutSec=300s\n' > etc/systemd/system.conf.d/slow-machines.conf
for u in systemd-networkd systemd-resolved systemd-logind systemd-udevd systemd-timesyncd systemd-journald; do
  mkdir -p etc/systemd/system/$u.service.d
  printf '[Service]\nTimeoutStartSec=300s\nWatchdogSec=0\n' > etc/systemd/system/$u.service.d/slow-machines.conf
done
rm -rf etc/init.d etc/rc?.d etc/cron.* etc/systemd/system/timers.target.wants lib/systemd/system/timers.target.wants/{dpkg-db-backup,e2scrub_all,fstrim}.timer
rm -rf var/run var/lock
ln -sfn /run var/run
ln -sfn /run/lock var/lock
# caches count as up to date, else ldconfig and others run at every boot
for d in etc var; do printf 'TIMESTAMP_NSEC=%s000000000\n' $SOURCE_DATE_EPOCH > $d/.updated; done
cd ..

# --- kernel -----------------------------------------------------------------
depmod -b $R $kernelVersion
mkdir -p $out
cp $R/boot/vmlinuz-$kernelVersion $out/vmlinuz
rm -f $R/boot/vmlinuz*
printf %s $kernelVersion > $out/kernel-version

# --- initial RAM disk, while the root is compressed --------------------------
makeInitrd() {
  local I=$PWD/initrd D m f p
  D=lib/modules/$kernelVersion
  mkdir -p $I/{bin,$D,proc,sys,dev,run,mnt,etc}
  cp $seed/bin/busybox $I/bin/busybox
  chmod 755 $I/bin/busybox
  for m in sh mount umount modprobe insmod mkdir cat sleep dd switch_root ls find grep xargs sort echo losetup mknod dmesg readlink ln; do ln -s busybox $I/bin/$m; done
  for m in $initrdModules; do
    modprobe -a -S $kernelVersion -d $R --show-depends $m 2> /dev/null | gawk '$1 == "insmod" { print $2 }' || echo "initrd: the kernel has no module $m" >&2
  done | LC_ALL=C sort -u | while read -r f; do
    p=${f#*/lib/modules/}
    mkdir -p $I/lib/modules/${p%/*}
    cp $R/usr/lib/modules/$p $I/lib/modules/$p
  done
  cp $R/usr/lib/modules/$kernelVersion/modules.{order,builtin,builtin.modinfo} $I/$D/
  depmod -b $I $kernelVersion
  rm -f $I/$D/modules.*.bin
  cp $initScript $I/init
  chmod 755 $I/init
  printf '%s\n' $initrdLoad > $I/etc/modules
  find $I -exec touch -h -d @$SOURCE_DATE_EPOCH {} +
  (cd $I; find . -print0 | LC_ALL=C sort -z | cpio --null -o -H newc --reproducible -R 0:0 --quiet) | zstd -q -12 -T1 --no-progress -o $out/initrd.zst
}
makeInitrd &
initrd=$!

pseudoFile $R special > pseudo
squash $out/root.squashfs "$squashfsOptions -root-mode 755 -root-uid 0 -root-gid 0 -pf pseudo" $R
wait $initrd
