flat() { mkdir -p $1/lib; ln -s . $1/usr; ln -s . $1/lib/x86_64-linux-gnu; }

flat $out
unpack $out $debs
cd $out
# only the runtime: no programs, no configuration
rm -rf sbin bin etc var
# lib64 holds an absolute link to the loader, which is in lib already
rm -rf lib64; ln -s lib lib64
pruneDocs $out

# Purity: the loader must not read the host's library cache or preload list.
# The new names have the length of the old ones, so nothing moves.
# (The file is a regular one in the deb; never patchelf a loader.)
sed -i -e 's,/etc/ld\.so\.cache,/nil/ld.so.cache,g' -e 's,/etc/ld\.so\.preload,/nil/ld.so.preload,g' lib/ld-linux-x86-64.so.2
chmod 755 lib/ld-linux-x86-64.so.2

# libc opens libgcc_s.so.1 itself when a thread is cancelled, and then only
# libc's own RUNPATH counts, not the program's.
cd $TMPDIR
startPatchelf $out/lib
cp $out/lib/libc.so.6 libc.so.6
chmod u+w libc.so.6
$patchelf --set-rpath $out/lib libc.so.6
rm $out/lib/libc.so.6
cp libc.so.6 $out/lib/libc.so.6
chmod 755 $out/lib/libc.so.6

# A sysroot: what Debian's compiler expects below /, the shared libraries by
# links into $out.
mkdir $dev
flat $dev
unpack $dev $devDebs
cd $dev
rm -rf bin lib64; ln -s lib lib64
pruneDocs $dev
for l in $(find lib -type l); do
  case $(readlink $l) in /*|*.so.*) rm $l;; esac
done
for f in $out/lib/*.so.* ; do ln -s $f lib/; done
for n in libBrokenLocale libanl libc_malloc_debug libnss_compat libnss_hesiod libresolv libthread_db libcrypt; do
  t=$(echo $out/lib/$n.so.*); [ ! -e "$t" ] || ln -sf $t lib/$n.so
done
mkdir -p nix-support
echo $out > nix-support/propagated-build-inputs
